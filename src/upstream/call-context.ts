import { Aborter } from '../base/aborter.ts'
import { startDeadline } from '../base/deadline.ts'

/** Aborts the calls that are made for one request, and every wait between them. */
export class CallContext {
  /** When the request came, on the clock of `performance.now()`. */
  readonly requestedAt: number = performance.now()
  /** Aborts the present attempt. */
  #aborter: Aborter | undefined
  #aborted: { reason: unknown } | undefined
  #stopWaiting: (() => void) | undefined

  /** The reason it was aborted with, if it was. */
  get aborted(): { reason: unknown } | undefined {
    return this.#aborted
  }

  /** Aborts the present attempt, whose socket closes, or the present wait. */
  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#stopWaiting?.()
    this.#aborter?.abort(reason)
  }

  /** Returns what aborts the next attempt. */
  newAttempt(): Aborter {
    this.#aborter = new Aborter()
    if (this.#aborted !== undefined) this.#aborter.abort(this.#aborted.reason)
    return this.#aborter
  }

  /**
   * Waits for a number of milliseconds.
   *
   * @throws the reason of {@link CallContext.abort}, as soon as that is called
   */
  wait(delayMs: number): Promise<void> {
    return this.#orAborted((resolve) => startDeadline(delayMs, resolve))
  }

  /**
   * Waits for a promise, for at most `limitMs`.
   *
   * @throws the reason of {@link CallContext.abort}, as soon as that is called
   * @throws what `onLimit` returns, after `limitMs`
   */
  waitFor<T>(work: Promise<T>, limitMs: number, onLimit: () => Error): Promise<T> {
    return this.#orAborted((resolve, reject) => {
      work.then(resolve, reject)
      return startDeadline(limitMs, () => reject(onLimit()))
    })
  }

  async #orAborted<T>(
    start: (
      resolve: (value: T) => void,
      reject: (reason: unknown) => void,
    ) => ReturnType<typeof setTimeout> | undefined,
  ): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        timer = start(resolve, reject)
        this.#stopWaiting = () => reject(this.#aborted?.reason)
        if (this.#aborted !== undefined) this.#stopWaiting()
      })
    } finally {
      clearTimeout(timer)
      this.#stopWaiting = undefined
    }
  }
}
