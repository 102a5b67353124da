/** One reading of the body, from its beginning. */
interface Turn {
  /** How many chunks it has been given. */
  given: number
  cancelled?: { reason: unknown }
}

/**
 * A request body that can be sent again: it streams to the first upstream as it comes, and what has gone by
 * is kept, up to a limit, for the next one.
 *
 * Holds at most `maxBytes` and a chunk; a body that is longer can be sent only once. When an upstream is left,
 * what it had not read yet stays in the client's stream for the next one.
 */
export class RequestReplay {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #maxBytes: number
  readonly #kept: Uint8Array[] = []
  /** How many chunks are gone from the front of those kept. */
  #dropped = 0
  #readBytes = 0
  /** The stream that was given last: one before it, which an upstream may still be reading, gets nothing more. */
  #current: Turn = { given: 0 }
  #isReplayable = true
  #isLastTurn = false
  #isDone = false
  #failure: { error: unknown } | undefined
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

  /** How many bytes it holds. */
  get heldBytes(): number {
    return this.#kept.reduce((bytes, chunk) => bytes + chunk.length, 0)
  }

  /** The error that the client's stream ended with, if it did. */
  get failure(): { error: unknown } | undefined {
    return this.#failure
  }

  /** The body from its beginning; the stream that was given before stands still from now on. */
  stream(): ReadableStream<Uint8Array> {
    const turn: Turn = { given: 0 }
    this.#current = turn
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(turn, controller),
        // Only this try is over, and the client's stream goes on, if there is a next one.
        cancel: (reason) => {
          turn.cancelled = { reason }
          if (this.#isLastTurn && turn === this.#current) this.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** No other upstream will be asked: what was kept for it goes. */
  release(): void {
    this.#isReplayable = false
    this.#isLastTurn = true
    this.#drop()
    const { cancelled } = this.#current
    if (cancelled !== undefined) this.#cancelSource(cancelled.reason)
  }

  /** Ends the client's stream: nobody reads it any more. */
  cancel(reason: unknown): void {
    this.release()
    this.#cancelSource(reason)
  }

  #cancelSource(reason: unknown): void {
    // It may have ended or failed by itself; then there is nothing to cancel.
    this.#reader.cancel(reason).catch(() => {})
  }

  async #pull(turn: Turn, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (turn === this.#current) {
      const chunk = this.#kept[turn.given - this.#dropped]
      if (chunk !== undefined) {
        turn.given++
        // A copy where it may be wanted again: `fetch` owns what it is given.
        controller.enqueue(this.#isReplayable ? chunk.slice() : chunk)
        if (!this.#isReplayable) this.#drop()
        return
      }
      if (this.#isDone) {
        controller.close()
        return
      }
      await this.#readOne()
    }
  }

  #drop(): void {
    const count = this.#current.given - this.#dropped
    this.#kept.splice(0, count)
    this.#dropped += count
  }

  #readOne(): Promise<void> {
    this.#pending ??= this.#reader
      .read()
      .then(
        ({ done, value }) => {
          this.#isDone = done
          if (value === undefined) return
          this.#kept.push(value)
          this.#readBytes += value.length
          if (this.#readBytes > this.#maxBytes) this.#isReplayable = false
        },
        (error: unknown) => {
          this.#isReplayable = false
          this.#failure = { error }
          throw error
        },
      )
      .finally(() => {
        this.#pending = undefined
      })
    return this.#pending
  }
}
