import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'
import { EventCounter } from '../wire/event-counter.ts'

/**
 * A body of which the beginning has been read, up to its first event, to know that the upstream is alive
 * before the client is answered. What was read comes first when it is relayed.
 *
 * Holds the chunks up to the first event, at most `maxBytes` and a chunk.
 */
export class PeekedBody implements ByteSource, ItemReader<Uint8Array> {
  static {
    Object.assign(PeekedBody.prototype, { [FLOW]: PeekedBody.prototype.flow })
  }

  readonly closed: Promise<unknown> | undefined
  readonly #body: ByteSource
  readonly #reader: ItemReader<Uint8Array>
  readonly #read: ReadResult<Uint8Array>[] = []

  constructor(body: ByteSource) {
    this.#body = body
    this.#reader = body.getReader()
    this.closed = this.#reader.closed
  }

  /**
   * Reads until the first event is whole, or for a body that is no event stream until the first byte.
   * Resolves with whether there was one; rejects with the error that the body ended with before it.
   */
  async peek(isSse: boolean, maxBytes: number): Promise<boolean> {
    const counter = new EventCounter()
    let bytes = 0
    for (;;) {
      const result = await this.#reader.read()
      this.#read.push(result)
      if (result.done) return false
      bytes += result.value.length
      if (isSse) counter.count(result.value)
      // Past the limit the relay will say what there is to say.
      if (counter.events > 0 || bytes > maxBytes || (!isSse && bytes > 0)) return true
    }
  }

  getReader(): this {
    return this
  }

  read(): Promise<ReadResult<Uint8Array>> {
    const result = this.#read.shift()
    return result === undefined ? this.#reader.read() : Promise.resolve(result)
  }

  /** The method [FLOW] of the body, under a name that a declaration file can have. */
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
    if (sink !== undefined && this.#read.length > 0) return false
    return this.#body[FLOW]?.(sink) ?? false
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason)
  }
}
