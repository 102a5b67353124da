import { startDeadline } from '../base/deadline.ts'

/** What ends the calls that are made for one request, and every wait between them. */
export class CallContext {
  /** When the request came, on the clock of `performance.now()`. */
  readonly requestedAt: number = performance.now()
  /** Aborts the present attempt. */
  #controller: AbortController | undefined
  #aborted: { reason: unknown } | undefined
  #stopWaiting: (() => void) | undefined

  /** Why it was aborted, if it was. */
  get aborted(): { reason: unknown } | undefined {
    return this.#aborted
  }

  /** Ends whatever goes on: the attempt, with the socket it uses, or a wait. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#stopWaiting?.()
    this.#controller?.abort(reason)
  }

  /** Returns the controller of the next attempt: one that is aborted ends no other. */
  newAttempt(): AbortController {
    this.#controller = new AbortController()
    if (this.#aborted !== undefined) this.#controller.abort(this.#aborted.reason)
    return this.#controller
  }

  /**
   * Waits for a number of milliseconds.
   *
   * @throws the reason, as soon as the calls are aborted
   */
  async wait(delayMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const elapsed = new Promise<void>((resolve) => {
      timer = startDeadline(delayMs, resolve)
    })
    await this.#orAborted(elapsed, () => clearTimeout(timer))
  }

  /**
   * Waits for what the application computes, for at most `limitMs`.
   *
   * @throws the reason, as soon as the calls are aborted; or what `onLimit` returns
   */
  waitFor<T>(work: Promise<T>, limitMs: number, onLimit: () => Error): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const limited = new Promise<T>((resolve, reject) => {
      timer = startDeadline(limitMs, () => reject(onLimit()))
      work.then(resolve, reject)
    })
    return this.#orAborted(limited, () => clearTimeout(timer))
  }

  async #orAborted<T>(work: Promise<T>, stop: () => void): Promise<T> {
    try {
      return await new Promise<T>((resolve, reject) => {
        work.then(resolve, reject)
        this.#stopWaiting = () => reject(this.#aborted?.reason)
        if (this.#aborted !== undefined) this.#stopWaiting()
      })
    } finally {
      stop()
      this.#stopWaiting = undefined
    }
  }
}
