import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'
import { EventCounter } from '../wire/event-counter.ts'

/**
 * A body whose beginning has been read, up to its first event. A reader gets that beginning first.
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
   * Reads until the first event is complete, or the first byte of a body that is not an event stream. Resolves with
   * whether there was one.
   *
   * @throws the error of the body
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
      // Past the limit the relay fails with `SSE_LIMIT`.
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

  /** The method [FLOW], under a name that declaration files support. */
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
    if (sink !== undefined && this.#read.length > 0) return false
    return this.#body[FLOW]?.(sink) ?? false
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason)
  }
}
