import type { IterableStream } from '../base/iterable-stream.ts'
import type { Intake } from './intake.ts'
import type { StageOutput } from './stage.ts'
import type { Watermarks } from './watermarks.ts'

/** What a stream is doing; the documentation of `StageDriver` has the table. */
export type StreamState =
  | 'idle'
  | 'open'
  | 'full'
  | 'closing'
  | 'failing'
  | 'flushing'
  | 'flushed'
  | 'ended'

/**
 * A `ReadableStream` whose queue is bounded by watermarks: where backpressure is decided.
 *
 * Holds what was emitted and not yet read. Opens on demand, is full from the high watermark on, and opens again at the
 * low one; what is emitted meanwhile is queued all the same. In flowing mode items are passed to a sink instead.
 */
export abstract class ReadableQueue<Out> implements StageOutput<Out> {
  readonly readable: IterableStream<Out>
  /** Changed here for `open` and `full`, and else by the class that extends this one. */
  state: StreamState = 'idle'
  protected readonly intake: Intake
  protected controller!: ReadableStreamDefaultController<Out>
  readonly #watermarks: Watermarks<Out>
  /** The output opens again once this much or less is queued. */
  #resumeAt: number
  /** Resolves the promise of `#pull`. */
  #releasePull: (() => void) | undefined
  /** The sink of flowing mode; set only while nothing is queued. */
  #sink: ((item: Out) => void) | undefined
  /** Of the item that is being queued. */
  #size = 0

  constructor(intake: Intake, watermarks: Watermarks<Out>) {
    this.intake = intake
    this.#watermarks = watermarks
    this.#resumeAt = watermarks.low
    this.readable = new ReadableStream<Out>(
      {
        start: (controller) => {
          this.controller = controller
        },
        pull: () => this.#pull(),
        cancel: (reason) => this.onCancel(reason),
      },
      // A size function costs a call per item, and with a high watermark of 0 items are only counted.
      this.isUnqueued
        ? { highWaterMark: 0 }
        : { highWaterMark: watermarks.high, size: () => this.#size },
    )
  }

  /** Called when the output accepts items, for the first time or again after it was full. */
  protected abstract onOpen(wasFull: boolean): void
  /** Called in the states `closing` and `flushing` when the last item has been read. */
  protected abstract onDrained(): void
  /** Called when the reader cancels. */
  protected abstract onCancel(reason: unknown): void | Promise<void>
  abstract error(reason: unknown): void

  /** Whether the stream has neither ended nor begun to end. */
  get isRunning(): boolean {
    const { state } = this
    return state === 'open' || state === 'full' || state === 'idle'
  }

  /** Whether the output accepts items. */
  get isOpen(): boolean {
    return this.state === 'open'
  }

  /** Whether a flowing-mode sink is attached. It must neither mutate nor transfer items. */
  get isFlowing(): boolean {
    return this.#sink !== undefined
  }

  /** Whether the high watermark is 0: an item is taken when the reader asks for one. */
  protected get isUnqueued(): boolean {
    return this.#watermarks.high === 0
  }

  get desiredSize(): number {
    return this.isOpen ? Math.max(this.controller.desiredSize ?? 0, 1) : 0
  }

  get queued(): number {
    const { high } = this.#watermarks
    return high - (this.controller.desiredSize ?? high)
  }

  emit(item: Out): void {
    const { state } = this
    if (state !== 'open' && state !== 'full' && state !== 'idle' && state !== 'failing') return
    if (this.#sink !== undefined) {
      this.#sink(item)
      return
    }
    // Computed here, because a size that throws inside `enqueue` errors the stream and drops the queue. Never 0: of
    // items that count for nothing the stream could hold any number, and would drop them when it is to fail.
    if (!this.isUnqueued) this.#size = Math.max(this.#watermarks.size(item), 1)
    if (state !== 'open') {
      this.controller.enqueue(item)
      return
    }
    // Before the enqueue: with a high watermark of 0 the next `pull`, which opens again, runs inside of it.
    this.state = 'idle'
    this.controller.enqueue(item)
    if ((this.controller.desiredSize ?? 0) > 0) this.state = 'open'
    else if (this.state === 'idle') this.#fill()
  }

  /** The `[FLOW]` of an `ItemSource`, for a high watermark above 0. */
  flow(sink: ((item: Out) => void) | undefined): boolean {
    if (sink !== undefined && (this.state === 'ended' || this.queued > 0)) return false
    this.#sink = sink
    return true
  }

  /** Makes an open output full until half of what is queued has been read. */
  protected hold(): void {
    if (!this.isOpen) return
    this.#resumeAt = Math.min(this.#watermarks.low, Math.floor(this.queued / 2))
    this.#fill()
  }

  /** Leaves `open` for a state in which each read calls `#pull`. */
  protected leaveOpen(state: StreamState): void {
    this.state = state
    const release = this.#releasePull
    this.#releasePull = undefined
    release?.()
  }

  #fill(): void {
    this.leaveOpen('full')
    this.intake.full()
  }

  /**
   * While the output is open this returns one promise that stays pending, so that the stream does not call `pull` for
   * each item (a promise and two microtasks each). Once the output is full the promise resolves, and from then on
   * each read calls `pull`.
   */
  #pull(): undefined | Promise<void> {
    const { state } = this
    if (state === 'idle' || state === 'full') {
      if (this.queued > this.#resumeAt) return
      this.#resumeAt = this.#watermarks.low
      this.state = 'open'
      this.onOpen(state === 'full')
    } else if ((state === 'closing' || state === 'flushing') && this.queued === 0) {
      this.onDrained()
    }
    if (this.isUnqueued || !this.isOpen) return
    return new Promise((resolve) => {
      this.#releasePull = resolve
    })
  }
}
