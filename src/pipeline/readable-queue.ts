import type { Intake } from './intake.ts'
import type { ItemQueue, QueueOwner } from './item-queue.ts'
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
 * A queue bounded by watermarks: where backpressure is decided.
 *
 * Holds what was emitted and not yet read. Opens on demand, is full from the high watermark on, and opens again at the
 * low one; what is emitted meanwhile is queued all the same. In flowing mode items are passed to a sink instead.
 */
export abstract class ReadableQueue<Out> implements StageOutput<Out>, QueueOwner<Out> {
  /** Changed here for `open` and `full`, and else by the class that extends this one. */
  state: StreamState = 'idle'
  protected readonly intake: Intake
  protected readonly queue: ItemQueue<Out>
  readonly #watermarks: Watermarks<Out>
  /** The output opens again once this much or less is queued. */
  #resumeAt: number
  /** The sink of flowing mode; set only while nothing is queued. */
  #sink: ((item: Out) => void) | undefined
  /** The sink that is to be set once nothing is queued, and after that the same. */
  #nextSink: ((item: Out) => void) | undefined

  constructor(intake: Intake, queue: ItemQueue<Out>, watermarks: Watermarks<Out>) {
    this.intake = intake
    this.queue = queue
    queue.owner = this
    this.#watermarks = watermarks
    this.#resumeAt = watermarks.low
  }

  /** Called when the output accepts items, for the first time or again after it was full. */
  protected abstract onOpen(wasFull: boolean): void
  /** Called in the states `closing` and `flushing` when the last item has been read. */
  protected abstract onDrained(): void
  abstract cancel(reason: unknown): void | Promise<void>
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

  /** Whether items may share memory: a sink accepts that, and a queue that can be shifted copies on a read. */
  get acceptsShared(): boolean {
    return this.#sink !== undefined || this.queue.shift !== undefined
  }

  /** Whether the high watermark is 0: an item is taken when the reader asks for one. */
  protected get isUnqueued(): boolean {
    return this.#watermarks.high === 0
  }

  get desiredSize(): number {
    return this.isOpen ? Math.max(this.#watermarks.high - this.queued, 1) : 0
  }

  get queued(): number {
    return this.queue.queued
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
    const size = this.isUnqueued ? 1 : Math.max(this.#watermarks.size(item), 1)
    if (state !== 'open') {
      this.queue.enqueue(item, size)
      return
    }
    // Before the enqueue: with a high watermark of 0 the next `pull`, which opens again, runs inside of it.
    this.state = 'idle'
    this.queue.enqueue(item, size)
    if (this.state !== 'idle') return
    if (this.queued < this.#watermarks.high) this.state = 'open'
    else this.#fill()
  }

  /** The `[FLOW]` of an `ItemSource`, for a high watermark above 0. */
  flow(sink: ((item: Out) => void) | undefined): boolean {
    const { queue } = this
    if (sink !== undefined) {
      if (this.state === 'ended') return false
      if (queue.queued > 0 && queue.shift === undefined) return false
    }
    this.#nextSink = sink
    this.#sink = undefined
    if (sink === undefined) return true
    if (queue.shift !== undefined) {
      // The sink may stop flowing mode, and what is emitted meanwhile belongs behind what is queued.
      while (queue.queued > 0 && this.#nextSink === sink) sink(queue.shift())
    }
    this.#sink = this.#nextSink
    this.pull()
    return true
  }

  pull(): void {
    const { state } = this
    if (state === 'idle' || state === 'full') {
      if (this.queued > this.#resumeAt) return
      this.#resumeAt = this.#watermarks.low
      this.state = 'open'
      this.onOpen(state === 'full')
    } else if ((state === 'closing' || state === 'flushing') && this.queued === 0) {
      this.onDrained()
    }
  }

  /** Makes an open output full until half of what is queued has been read. */
  protected hold(): void {
    if (!this.isOpen) return
    this.#resumeAt = Math.min(this.#watermarks.low, Math.floor(this.queued / 2))
    this.#fill()
  }

  /** Leaves `open` for a state in which each read calls `pull`. */
  protected leaveOpen(state: StreamState): void {
    this.state = state
    this.queue.releasePull?.()
  }

  #fill(): void {
    this.leaveOpen('full')
    this.intake.full()
  }
}
