import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'

/**
 * A body that ends cleanly once the answer in it is over, even if its connection breaks after that. Most clients report
 * the error of a connection also after the terminal mark.
 *
 * Holds nothing.
 */
export class AnswerBody implements ByteSource, ItemReader<Uint8Array> {
  static {
    Object.assign(AnswerBody.prototype, { [FLOW]: AnswerBody.prototype.flow })
  }

  readonly closed: Promise<unknown> | undefined
  readonly #body: ByteSource
  readonly #reader: ItemReader<Uint8Array>
  readonly #isOver: () => boolean

  /** @throws TypeError if the body is locked */
  constructor(body: ByteSource, isOver: () => boolean) {
    this.#body = body
    this.#reader = body.getReader()
    this.#isOver = isOver
    this.closed = this.#reader.closed?.then(undefined, this.#onError)
  }

  getReader(): this {
    return this
  }

  read(): Promise<ReadResult<Uint8Array>> {
    return this.#reader.read().then(undefined, this.#onError)
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#reader.cancel(reason)
  }

  /** The method [FLOW], under a name that declaration files support. */
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
    return this.#body[FLOW]?.(sink) ?? false
  }

  readonly #onError = (error: unknown): ReadResult<Uint8Array> => {
    if (this.#isOver()) return { done: true }
    throw error
  }
}
