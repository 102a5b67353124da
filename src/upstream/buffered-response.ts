import type { ByteSource, ItemReader } from '../base/byte-source.ts'
import type { UpstreamAnswer } from './upstream-call.ts'

/** Answers that are kept are errors in JSON: more than that is not worth the memory. */
const MAX_BYTES = 65_536
const MAX_WAIT_MS = 1_000

/**
 * The answer of an upstream that failed, kept for the case that no other gives a better one.
 *
 * Its body is read at once and not when it is wanted: unread it would keep its connection, and with a limit on
 * them the next try would wait for that very one. Holds at most 64 KiB; an answer that is longer, or is not
 * there within a second, is let go.
 */
export class BufferedResponse {
  readonly #answer: UpstreamAnswer
  readonly #body: Promise<Uint8Array | undefined>
  #reader: ItemReader<Uint8Array> | undefined
  #isDropped = false

  constructor(answer: UpstreamAnswer) {
    this.#answer = answer
    this.#body = this.#readAll()
  }

  /** The answer with its whole body, or `undefined` if that could not be kept. */
  async take(): Promise<UpstreamAnswer | undefined> {
    const answer = this.#answer
    if (answer.body === null) return answer
    const bytes = await this.#body
    return bytes && { ...answer, body: wholeBody(bytes) }
  }

  /** Lets it go: another one is better. */
  drop(): void {
    this.#isDropped = true
    // What has ended or failed by itself needs no cancel.
    this.#reader?.cancel().catch(() => {})
  }

  async #readAll(): Promise<Uint8Array | undefined> {
    const reader = this.#answer.body?.getReader()
    if (reader === undefined) return
    this.#reader = reader
    const timer = setTimeout(() => this.drop(), MAX_WAIT_MS)
    const bytes = new Uint8Array(MAX_BYTES)
    let length = 0
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (this.#isDropped) return
        if (done) return bytes.slice(0, length)
        if (length + value.length > MAX_BYTES) {
          this.drop()
          return
        }
        bytes.set(value, length)
        length += value.length
      }
    } catch {
      // It broke: it would have broken for the client too, and an error that is whole is as good.
      return
    } finally {
      clearTimeout(timer)
    }
  }
}

function wholeBody(bytes: Uint8Array): ByteSource {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}
