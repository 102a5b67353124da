import type { IterableStream } from '../base/iterable-stream.ts'
import type { ItemQueue, QueueOwner } from './item-queue.ts'

/** The queue of a `ReadableStream`. With a high watermark of 0 it asks for an item when one is read. */
export class StreamQueue<Out> implements ItemQueue<Out> {
  owner!: QueueOwner<Out>
  readonly readable: IterableStream<Out>
  readonly #high: number
  #controller!: ReadableStreamDefaultController<Out>
  /** Resolves the promise of `#pull`. */
  #releasePull: (() => void) | undefined
  /** Of the item that is being queued. */
  #size = 0

  constructor(high: number) {
    this.#high = high
    this.readable = new ReadableStream<Out>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.owner.cancel(reason),
      },
      // A size function costs a call per item, and with a high watermark of 0 items are only counted.
      high === 0 ? { highWaterMark: 0 } : { highWaterMark: high, size: () => this.#size },
    )
  }

  get queued(): number {
    return this.#high - (this.#controller.desiredSize ?? this.#high)
  }

  enqueue(item: Out, size: number): void {
    this.#size = size
    this.#controller.enqueue(item)
  }

  releasePull(): void {
    const release = this.#releasePull
    this.#releasePull = undefined
    release?.()
  }

  close(): void {
    this.#controller.close()
  }

  error(reason: unknown): void {
    this.#controller.error(reason)
  }

  /**
   * While the output is open this returns one promise that stays pending, so that the stream does not call `pull` for
   * each item (a promise and two microtasks each). Once the output is full the promise resolves, and from then on
   * each read calls `pull`.
   */
  #pull(): undefined | Promise<void> {
    this.owner.pull()
    if (this.#high === 0 || !this.owner.isOpen) return
    return new Promise((resolve) => {
      this.#releasePull = resolve
    })
  }
}
