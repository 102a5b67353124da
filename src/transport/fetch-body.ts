import type { ByteSource, ItemReader } from '../base/byte-source.ts'
import { toNetworkError } from './to-network-error.ts'

/**
 * The body of a `fetch` response. Turns its errors into coded network errors, because later they could not be told
 * from an error of the application.
 *
 * Holds the response.
 */
export class FetchBody implements ByteSource {
  /** Held because undici cancels an unread body when its response is garbage collected. */
  readonly #response: Response

  /** @param response has a body */
  constructor(response: Response) {
    this.#response = response
  }

  get #stream(): ReadableStream<Uint8Array> {
    return this.#response.body as ReadableStream<Uint8Array>
  }

  /** @throws TypeError if the body is locked */
  getReader(): ItemReader<Uint8Array> {
    const reader = this.#stream.getReader()
    return {
      read: () => reader.read().then(undefined, throwCoded),
      cancel: (reason) => reader.cancel(reason),
    }
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#stream.cancel(reason)
  }
}

function throwCoded(reason: unknown): never {
  throw toNetworkError(reason)
}
