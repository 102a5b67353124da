const WINDOW_SECONDS = 60

/** Counts the streams that ended and failed in the last minute, in one slot per second. */
export class FailureWindow {
  readonly #seconds = new Float64Array(WINDOW_SECONDS).fill(-Infinity)
  readonly #ended = new Float64Array(WINDOW_SECONDS)
  readonly #failed = new Float64Array(WINDOW_SECONDS)

  add(failed: boolean): void {
    const second = currentSecond()
    const slot = second % WINDOW_SECONDS
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second
      this.#ended[slot] = 0
      this.#failed[slot] = 0
    }
    this.#ended[slot] = (this.#ended[slot] as number) + 1
    if (failed) this.#failed[slot] = (this.#failed[slot] as number) + 1
  }

  totals(): { ended: number; failed: number } {
    const oldest = currentSecond() - WINDOW_SECONDS + 1
    let ended = 0
    let failed = 0
    for (const [slot, second] of this.#seconds.entries()) {
      if (second < oldest) continue
      ended += this.#ended[slot] as number
      failed += this.#failed[slot] as number
    }
    return { ended, failed }
  }
}

function currentSecond(): number {
  return Math.floor(performance.now() / 1000)
}
