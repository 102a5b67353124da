/**
 * What an `AbortController` and its signal do, at a fraction of their cost. Makes a real signal only where one is needed,
 * such as for a `fetch`.
 *
 * Calls its listeners in order; they must not throw.
 */
export class Aborter {
  #isAborted = false
  #reason: unknown
  #listeners: Set<() => void> | undefined
  #controller: AbortController | undefined

  get aborted(): boolean {
    return this.#isAborted
  }

  /** What it was aborted with; without a reason an `AbortError`, as that of a signal. */
  get reason(): unknown {
    if (this.#isAborted) this.#reason ??= new DOMException('The request was aborted', 'AbortError')
    return this.#reason
  }

  /** A signal that is aborted together with it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isAborted) this.#controller.abort(this.reason)
    }
    return this.#controller.signal
  }

  /** Aborts it once; later calls do nothing. */
  abort(reason?: unknown): void {
    if (this.#isAborted) return
    this.#isAborted = true
    this.#reason = reason
    for (const listener of this.#listeners ?? []) listener()
    this.#listeners = undefined
    this.#controller?.abort(this.reason)
  }

  /** Calls a listener when it is aborted, unless that was before. */
  listen(listener: () => void): void {
    if (this.#isAborted) return
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
  }

  unlisten(listener: () => void): void {
    this.#listeners?.delete(listener)
  }

  /** @throws the reason, if it was aborted */
  throwIfAborted(): void {
    if (this.#isAborted) throw this.reason
  }
}
