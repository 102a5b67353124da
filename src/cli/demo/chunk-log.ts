/**
 * Records the chunks of one response, for any number of readers that each read all of them.
 *
 * - Holds the whole response, at most `maxBytes`; a longer one errors every reader.
 * - Backpressure: none on the source; each reader reads at its own pace.
 * - Cancelling one reader does not affect the others. An error of the source errors every reader.
 */
export class ChunkLog {
  readonly #chunks: Uint8Array[] = []
  readonly #maxBytes: number
  #bytes = 0
  #ending: { error?: unknown } | undefined
  #wake: () => void = () => {}
  #more!: Promise<void>

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#renew()
  }

  /** Reads a stream to its end. Never rejects: its error goes to the readers. */
  async fill(source: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#bytes += chunk.length
        if (this.#bytes > this.#maxBytes) {
          throw new RangeError(
            `The response is longer than the demo can hold: more than ${this.#maxBytes} bytes`,
          )
        }
        this.#chunks.push(chunk)
        this.#renew()
      }
      this.#ending = {}
    } catch (error) {
      this.#ending = { error }
    }
    this.#wake()
  }

  /** Returns the response from its start; chunks that arrive later follow. */
  read(): ReadableStream<Uint8Array> {
    let next = 0
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (next === this.#chunks.length && this.#ending === undefined) await this.#more
          const chunk = this.#chunks[next++]
          if (chunk !== undefined) controller.enqueue(chunk.slice())
          else if (this.#ending !== undefined && 'error' in this.#ending) {
            controller.error(this.#ending.error)
          } else controller.close()
        },
      },
      { highWaterMark: 0 },
    )
  }

  #renew(): void {
    this.#wake()
    this.#more = new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
