/** A source that a test drives, and that records what its reader does. */
export class HandFed<T = Uint8Array> {
  readonly readable: ReadableStream<T>
  /** The reasons of all cancels. */
  readonly cancels: unknown[] = []
  /** The number of pulls. */
  pulls = 0
  #controller!: ReadableStreamDefaultController<T>

  constructor(...items: T[]) {
    this.readable = new ReadableStream<T>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          this.pulls++
        },
        cancel: (reason) => {
          this.cancels.push(reason)
        },
      },
      { highWaterMark: 0 },
    )
    this.give(...items)
  }

  give(...items: T[]): void {
    for (const item of items) this.#controller.enqueue(item)
  }

  close(): void {
    this.#controller.close()
  }

  fail(reason: unknown): void {
    this.#controller.error(reason)
  }
}
