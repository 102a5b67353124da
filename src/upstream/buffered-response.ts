import type { ByteSource, ItemReader } from '../base/byte-source.ts'
import type { UpstreamResponse } from './upstream-call.ts'

/** Failed responses are errors in JSON: a longer one is not worth the memory. */
const MAX_BYTES = 65_536
const MAX_WAIT_MS = 1_000

/**
 * A failed response, buffered in case no later attempt does better.
 *
 * Reads the body at once: unread it would keep its connection, and with a limit on connections the next attempt
 * would wait for that one. Holds at most 64 KiB; a response that is longer, or not complete within a second, is
 * dropped.
 */
export class BufferedResponse {
  readonly #response: UpstreamResponse
  readonly #body: Promise<Uint8Array | undefined>
  #reader: ItemReader<Uint8Array> | undefined
  #isDropped = false

  constructor(response: UpstreamResponse) {
    this.#response = response
    this.#body = this.#readAll()
  }

  /** Returns the response with its whole body, or `undefined` if that could not be buffered. */
  async take(): Promise<UpstreamResponse | undefined> {
    const response = this.#response
    if (response.body === null) return response
    const bytes = await this.#body
    return bytes && { ...response, body: wholeBody(bytes) }
  }

  /** Cancels the body, if it is still being read. */
  drop(): void {
    this.#isDropped = true
    // A body that has ended or failed needs no cancel.
    this.#reader?.cancel().catch(() => {})
  }

  async #readAll(): Promise<Uint8Array | undefined> {
    const timer = setTimeout(() => this.drop(), MAX_WAIT_MS)
    const chunks: Uint8Array[] = []
    let length = 0
    try {
      this.#reader = this.#response.body?.getReader()
      while (this.#reader !== undefined) {
        const { done, value } = await this.#reader.read()
        if (this.#isDropped) return
        if (done) return joined(chunks, length)
        length += value.length
        if (length > MAX_BYTES) {
          this.drop()
          return
        }
        chunks.push(value)
      }
      return
    } catch {
      // The body broke or is locked. The result is then another attempt's, which is as good as this failure.
      return
    } finally {
      clearTimeout(timer)
    }
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

function wholeBody(bytes: Uint8Array): ByteSource {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}
