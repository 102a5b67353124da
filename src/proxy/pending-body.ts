import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'

/**
 * The body of a response that has not arrived. Until it does, a read waits.
 *
 * Holds nothing. A response that fails to arrive is the error of the body.
 */
export class PendingBody implements ByteSource, ItemReader<Uint8Array> {
  static {
    Object.assign(PendingBody.prototype, { [FLOW]: PendingBody.prototype.flow })
  }

  readonly closed: Promise<unknown>
  readonly #reader: Promise<ItemReader<Uint8Array>>
  #body: ByteSource | undefined

  constructor(arrived: Promise<ByteSource>) {
    this.#reader = arrived.then((body) => {
      this.#body = body
      return body.getReader()
    })
    this.closed = this.#reader.then(({ closed }) => closed ?? new Promise(() => {}))
    // Who reads learns of the error by the read.
    this.closed.catch(() => {})
  }

  getReader(): this {
    return this
  }

  async read(): Promise<ReadResult<Uint8Array>> {
    return (await this.#reader).read()
  }

  /** Does not wait for the response, whose call is to be aborted by whoever cancels. */
  async cancel(reason?: unknown): Promise<void> {
    this.#reader.then((reader) => reader.cancel(reason)).catch(() => {})
  }

  /** The method [FLOW] of the body, under a name that a declaration file can have. */
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
    return this.#body?.[FLOW]?.(sink) ?? false
  }
}
