/**
 * Bytes of one answer as they come, for any number of readers that each get all of them.
 *
 * - Holds the whole answer, at most `maxBytes`; more than that fails it.
 * - Backpressure: none towards the source; each reader takes what it wants when it wants.
 * - Cancel of a reader touches nobody else; an error of the source reaches all.
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

  /** Takes in a whole stream. Never rejects: a failure is for the readers. */
  async fill(source: ReadableStream<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#bytes += chunk.length
        if (this.#bytes > this.#maxBytes) {
          throw new RangeError(`Cannot hold an answer of more than ${this.#maxBytes} bytes`)
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

  /** The answer from its start; what has not come yet follows when it does. */
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
