/** One reading of the body, from its beginning. */
interface Turn {
  /** How many chunks it has received. */
  given: number
  cancelled?: { reason: unknown }
}

/**
 * A request body that can be sent again. It streams to the first upstream as it comes, and buffers what was sent
 * for the next attempt.
 *
 * Holds at most `maxBytes` and a chunk; a longer body can be sent only once. What an abandoned attempt has not
 * read stays in the client's stream for the next one.
 */
export class RequestReplay {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #maxBytes: number
  readonly #buffered: Uint8Array[] = []
  /** How many chunks were removed from the front of the buffer. */
  #dropped = 0
  #readBytes = 0
  /** The stream returned last. An earlier one, which an upstream may still be reading, gets no more chunks. */
  #current: Turn = { given: 0 }
  #isReplayable = true
  #isLastTurn = false
  #isDone = false
  #failure: { error: unknown } | undefined
  /** The pending read. When its attempt is abandoned, the next one waits for it. */
  #pending: Promise<void> | undefined

  constructor(body: ReadableStream<Uint8Array>, maxBytes: number) {
    this.#reader = body.getReader()
    this.#maxBytes = maxBytes
  }

  /** Whether the whole body can be sent again. */
  get isReplayable(): boolean {
    return this.#isReplayable
  }

  /** The number of buffered bytes. */
  get heldBytes(): number {
    return this.#buffered.reduce((bytes, chunk) => bytes + chunk.length, 0)
  }

  /** The error of the client's stream, if it failed. */
  get failure(): { error: unknown } | undefined {
    return this.#failure
  }

  /** Returns the body from its beginning. The stream returned before gets no more chunks. */
  stream(): ReadableStream<Uint8Array> {
    const turn: Turn = { given: 0 }
    this.#current = turn
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(turn, controller),
        // Only this attempt has ended: the next one reads on, if there is one.
        cancel: (reason) => {
          turn.cancelled = { reason }
          if (this.#isLastTurn && turn === this.#current) this.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
  }

  /** Drops what is buffered for another attempt: there will be none. */
  release(): void {
    this.#isReplayable = false
    this.#isLastTurn = true
    this.#drop()
    const { cancelled } = this.#current
    if (cancelled !== undefined) this.#cancelSource(cancelled.reason)
  }

  /** Cancels the client's stream. */
  cancel(reason: unknown): void {
    this.release()
    this.#cancelSource(reason)
  }

  #cancelSource(reason: unknown): void {
    // A stream that has ended or failed needs no cancel.
    this.#reader.cancel(reason).catch(() => {})
  }

  async #pull(turn: Turn, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (turn === this.#current) {
      const chunk = this.#buffered[turn.given - this.#dropped]
      if (chunk !== undefined) {
        turn.given++
        // A copy if it may be sent again, because `fetch` owns its chunks.
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
    this.#buffered.splice(0, count)
    this.#dropped += count
  }

  #readOne(): Promise<void> {
    this.#pending ??= this.#reader
      .read()
      .then(
        ({ done, value }) => {
          this.#isDone = done
          if (value === undefined) return
          this.#buffered.push(value)
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
