/**
 * A request body that can be sent again: it streams to the first upstream as it comes, and what has gone by
 * is kept, up to a limit, for the next one.
 *
 * Holds at most `maxBytes` and a chunk; a body that is longer can be sent only once. When an upstream is left,
 * what it had not read yet stays in the client's stream for the next one.
 */
export class ReplayBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #maxBytes: number
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  /** How many of the kept chunks the present upstream has been given. */
  #given = 0
  #isReplayable = true
  #isDone = false
  /** The read that is under way: when an upstream is left before it ends, the next one waits for it. */
  #pending: Promise<void> | undefined

  constructor(body: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#reader = body.getReader()
    this.#maxBytes = maxBytes
  }

  /** Whether all of it can be sent once more. */
  get isReplayable(): boolean {
    return this.#isReplayable
  }

  /** The body from its beginning; ends the stream that was given before. */
  stream(): ReadableStream<Uint8Array> {
    this.#given = 0
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          while (this.#given >= this.#kept.length && !this.#isDone) await this.#readOne()
          const chunk = this.#kept[this.#given]
          if (chunk === undefined) {
            controller.close()
            return
          }
          this.#given++
          // A copy where it may be wanted again: `fetch` owns what it is given.
          controller.enqueue(this.#isReplayable ? chunk.slice() : chunk)
          if (!this.#isReplayable) this.#forget()
        },
        // Only this try is over; the client's stream goes on for the next.
        cancel: () => {},
      },
      { highWaterMark: 0 },
    )
  }

  /** No other upstream will be asked: what was kept for it goes. */
  release(): void {
    this.#isReplayable = false
    this.#forget()
  }

  /** Ends the client's stream: nobody reads it any more. */
  cancel(reason: unknown): void {
    this.release()
    // It may have ended or failed by itself; then there is nothing to cancel.
    this.#reader.cancel(reason).catch(() => {})
  }

  #forget(): void {
    this.#kept.splice(0, this.#given)
    this.#given = 0
  }

  #readOne(): Promise<void> {
    this.#pending ??= this.#reader
      .read()
      .then(({ done, value }) => {
        this.#isDone = done
        if (value === undefined) return
        this.#kept.push(value)
        this.#keptBytes += value.length
        if (this.#keptBytes > this.#maxBytes) this.#isReplayable = false
      })
      .finally(() => {
        this.#pending = undefined
      })
    return this.#pending
  }
}
