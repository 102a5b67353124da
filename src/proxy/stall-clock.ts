import { ClientStalledError } from '../base/client-stalled-error.ts'
import { startDeadline } from '../base/deadline.ts'
import type { ObservedOutput, StageObserver } from '../pipeline/stage-observer.ts'

/**
 * Fails a stream whose client reads nothing of what is queued for `clientStallMs`.
 *
 * Runs only while the stream waits for the client: while the output is full, and after the end of the source. It has one
 * timer then.
 */
export class StallClock implements StageObserver {
  readonly #clientStallMs: number
  #output!: ObservedOutput
  #timer: ReturnType<typeof setTimeout> | undefined
  #queued = 0
  /** When the client last read something. */
  #takenAt = 0

  constructor(clientStallMs: number) {
    this.#clientStallMs = clientStallMs
  }

  start(output: ObservedOutput): void {
    this.#output = output
  }

  pause(): void {
    this.#restart()
  }

  resume(): void {
    clearTimeout(this.#timer)
  }

  end(): void {
    this.#restart()
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  #restart(): void {
    clearTimeout(this.#timer)
    this.#queued = this.#output.queued
    this.#takenAt = performance.now()
    this.#arm(this.#clientStallMs)
  }

  #arm(delayMs: number): void {
    this.#timer = startDeadline(delayMs, () => this.#onTimer())
  }

  #onTimer(): void {
    const now = performance.now()
    const { queued } = this.#output
    // With an empty queue there is nothing to read.
    if (queued !== this.#queued || queued === 0) {
      this.#queued = queued
      this.#takenAt = now
    }
    const leftMs = this.#takenAt + this.#clientStallMs - now
    if (leftMs > 0) this.#arm(leftMs)
    else this.#output.error(new ClientStalledError(this.#clientStallMs))
  }
}
