/** Whether the first event of a response has come, for a policy that waits for it. */
export class FirstEvent {
  /** Resolves at the first event; rejects once it is known that there will be none. */
  readonly seen: Promise<void>
  #resolve!: () => void
  #reject!: (error: unknown) => void

  constructor() {
    this.seen = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** The first event has come, or the response is complete without one. Later calls do nothing. */
  came(): void {
    this.#resolve()
  }

  /** The first event will not come. Later calls do nothing. */
  failed(error: unknown): void {
    this.#reject(error)
  }
}
