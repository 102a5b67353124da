import { afterMacrotask } from '../base/after-macrotask.ts'
import { startDeadline } from '../base/deadline.ts'
import type { IterableStream } from '../base/iterable-stream.ts'
import type { Marks } from './marks.ts'
import type { StageOutput } from './stage.ts'

/** What an outlet tells whoever feeds it. */
export interface OutletFeed {
  /** The output wants items: for the first time, or again after it was full. */
  wanted(): void
  /** The output is full. */
  full(): void
  /** All that was emitted has been taken, and the stream has closed or errored as it was told to. */
  settled(): void
  /** A stage ended the stream with an error. */
  errored(reason: unknown): void
  /** The reader cancelled. */
  cancelled(reason: unknown): void | Promise<void>
}

/**
 * The readable end of a line of stages: a `ReadableStream` that knows when it is full, with a high and a
 * low mark, and that delivers all it was given before it closes or errors.
 *
 * Holds what was emitted and not yet read. It is full from the high mark on; the feed has to stop then.
 * On cancel what is held is dropped. Told to error, it errors only when all that it holds has been read:
 * the standard's `controller.error()` throws the queue away, and with it events that were whole. The error
 * comes at least one macrotask after the last item.
 */
export class Outlet<Out> implements StageOutput<Out> {
  readonly readable: IterableStream<Out>
  readonly #marks: Marks<Out>
  readonly #feed: OutletFeed
  #controller!: ReadableStreamDefaultController<Out>
  /** Whether the feed may go on. */
  #open = false
  /** Ends the running `pull`, see `#pull`. */
  #release: (() => void) | undefined
  #end: { reason: unknown } | 'close' | undefined
  #isSettled = false
  /** Whether the reader has taken the last item of a failed stream; the error follows. */
  #isErroring = false
  /** Runs while a failed stream waits for its reader. */
  #flushTimer: ReturnType<typeof setTimeout> | undefined
  /** Down to this much it has to drain to open again. */
  #resumeAt: number
  /** The sink of flowing mode; set only while nothing is queued. */
  #sink: ((item: Out) => void) | undefined
  /** Of the item that is being emitted. */
  #size = 0

  constructor(marks: Marks<Out>, feed: OutletFeed) {
    this.#marks = marks
    this.#resumeAt = marks.low
    this.#feed = feed
    this.readable = new ReadableStream<Out>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pull(),
        cancel: (reason) => {
          clearTimeout(this.#flushTimer)
          this.#isSettled = true
          this.#open = false
          return this.#feed.cancelled(reason)
        },
      },
      // To ask for each size costs a call an item, and without a high mark they are only counted.
      marks.high === 0
        ? { highWaterMark: 0 }
        : { highWaterMark: marks.high, size: () => this.#size },
    )
  }

  get desiredSize(): number {
    return this.#open ? Math.max(this.#controller.desiredSize ?? 0, 1) : 0
  }

  get queued(): number {
    return this.#marks.high - (this.#controller.desiredSize ?? this.#marks.high)
  }

  /** Whether a flowing-mode sink is attached. It must neither mutate nor transfer items. */
  get isFlowing(): boolean {
    return this.#sink !== undefined
  }

  /** Whether the feed may go on. */
  get isOpen(): boolean {
    return this.#open
  }

  emit(item: Out): void {
    if (this.#isSettled || this.#end !== undefined) return
    if (this.#sink !== undefined) {
      this.#sink(item)
      return
    }
    // Asked for here, since a size that throws inside of `enqueue` takes with it all that is queued. And never
    // 0: of items that count for nothing the stream could hold any number, and lose them when it is to fail.
    if (this.#marks.high > 0) this.#size = Math.max(this.#marks.size(item), 1)
    if (!this.#open) {
      this.#controller.enqueue(item)
      return
    }
    // Before the enqueue: with a high mark of 0 the next `pull`, which opens again, runs inside of it.
    this.#open = false
    this.#controller.enqueue(item)
    if ((this.#controller.desiredSize ?? 0) > 0) {
      this.#open = true
    } else if (!this.#open) {
      this.#releasePull()
      this.#feed.full()
    }
  }

  /** The `[FLOW]` of an `ItemSource`; for an outlet with a high mark above 0. */
  flow(sink: ((item: Out) => void) | undefined): boolean {
    if (sink !== undefined && (this.#isSettled || this.queued > 0)) return false
    this.#sink = sink
    return true
  }

  /** Counts as full from now on, until half of what it holds has been read. */
  hold(): void {
    if (!this.#open) return
    this.#open = false
    this.#resumeAt = Math.min(this.#marks.low, Math.floor(this.queued / 2))
    this.#releasePull()
    this.#feed.full()
  }

  error(reason: unknown): void {
    this.#feed.errored(reason)
  }

  /** Closes the stream when all that it holds has been read. */
  close(): void {
    this.#endWith('close', Infinity)
  }

  /**
   * Errors the stream when all that it holds has been read, or after so many milliseconds at the latest: what
   * it holds then is dropped. Also where it was to close.
   */
  fail(reason: unknown, flushMs: number = Infinity): void {
    if (this.#end === 'close') this.#end = undefined
    this.#endWith({ reason }, flushMs)
  }

  #endWith(end: { reason: unknown } | 'close', flushMs: number): void {
    if (this.#isSettled || this.#end !== undefined) return
    this.#end = end
    this.#open = false
    this.#releasePull()
    if (flushMs <= 0) this.#settle()
    // A high mark of 0 has no `pull` that would tell when the last item was taken.
    else if (this.queued === 0 || (end === 'close' && this.#marks.high === 0)) this.#drained()
    else this.#flushTimer = startDeadline(flushMs, () => this.#settle())
  }

  /**
   * Ends the stream after its last item. An error waits for a macrotask: a server that writes each item and
   * destroys the connection on an error would do both in one turn of the event loop, and Node would never
   * send the item.
   */
  #drained(): void {
    // A sink has every item already, and flushes by itself.
    if (this.#end === 'close' || this.#sink !== undefined) {
      this.#settle()
    } else if (!this.#isErroring) {
      this.#isErroring = true
      afterMacrotask(() => this.#settle())
    }
  }

  #settle(): void {
    // Cancelled, or past its deadline, while it waited.
    if (this.#isSettled) return
    clearTimeout(this.#flushTimer)
    this.#isSettled = true
    if (this.#end === 'close') this.#controller.close()
    else this.#controller.error(this.#end?.reason)
    this.#feed.settled()
  }

  /**
   * While the output is open this returns one promise that stays pending, so that the stream does not call
   * `pull` again for each item (a promise and two microtasks each). Once it is full the promise resolves,
   * and from then on each read calls `pull`, which opens again at the low mark.
   */
  #pull(): undefined | Promise<void> {
    if (this.#isSettled) return
    if (this.#end !== undefined) {
      if (this.queued === 0) this.#drained()
      return
    }
    if (!this.#open) {
      if (this.queued > this.#resumeAt) return
      this.#resumeAt = this.#marks.low
      this.#open = true
      this.#feed.wanted()
    }
    if (this.#marks.high === 0 || !this.#open) return
    return new Promise((resolve) => {
      this.#release = resolve
    })
  }

  #releasePull(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }
}
