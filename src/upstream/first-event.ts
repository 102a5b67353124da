/** The news of the first event of an answer, for a policy that waits for it. */
export class FirstEvent {
  /** Settles when the first event has come, or when it is known that there will be none. */
  readonly seen: Promise<void>
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor() {
    this.seen = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** It has come, or the answer has none and is good all the same. Later calls do nothing. */
  came(): void {
    this.#resolve()
  }

  /** It will not come. Later calls do nothing. */
  failed(error: unknown): void {
    this.#reject(error)
  }
}
