import { afterMacrotask } from '../base/after-macrotask.ts'
import { callHook } from '../base/call-hook.ts'
import { startDeadline } from '../base/deadline.ts'
import type { BudgetLedger, BudgetMember } from './budget-ledger.ts'
import type { Intake } from './intake.ts'
import type { ItemQueue } from './item-queue.ts'
import { ReadableQueue } from './readable-queue.ts'
import { type AnyStage, StageLine } from './stage-line.ts'
import type { StageObserver } from './stage-observer.ts'
import type { Watermarks } from './watermarks.ts'

/** How a {@link StageDriver} is set up. */
export interface StageDriverOptions<Out> {
  readonly watermarks: Watermarks<Out>
  readonly observers?: readonly StageObserver[]
  readonly budget?: BudgetLedger | undefined
  /** See `RelayOptions`. */
  readonly flushMsFor?: (reason: unknown) => number
  /** Whether the stages start with the first use of the stream, and fail the stream if they cannot start. */
  readonly isLazy?: boolean
}

/**
 * Drives a line of stages: passes items from an intake through them into the queue, and decides how the stream ends.
 * It ends once.
 *
 * | state      | meaning                                             | events, and where they lead                     |
 * |------------|-----------------------------------------------------|-------------------------------------------------|
 * | `idle`     | there has been no demand                            | demand: `open`                                  |
 * | `open`     | the output accepts items                            | high watermark, or budget used up: `full`       |
 * | `full`     | the source is held back                             | demand at the low watermark: `open`             |
 * | `closing`  | the source is done; items are queued                | last item read: `ended`; `error()`: `flushing`  |
 * | `failing`  | the stages learn of an error, and may emit before it | their `fail()` has returned: `flushing`        |
 * | `flushing` | failed; items are queued                            | last item read: `flushed`; deadline: `ended`    |
 * | `flushed`  | failed; the last item has just been read            | one macrotask or the deadline: `ended`          |
 * | `ended`    | closed, errored or cancelled                        |                                                 |
 *
 * From `idle`, `open` and `full`, `end()` leads to `closing`, `fail()` and `error()` to `failing`. Cancel leads from
 * every state to `ended`. With nothing queued, `closing` and `flushing` are left at once. With a sink (flowing mode)
 * `flushing` leads to `ended` at once. Everything else has no effect.
 *
 * Why `flushing`: the standard's `controller.error()` drops the queue, and with it whole events. Why `flushed`: a server
 * that writes each item and destroys the connection on an error would do both in one turn of the event loop, and
 * Node would never send the item.
 */
export class StageDriver<Out> extends ReadableQueue<Out> implements BudgetMember {
  readonly #stages: readonly AnyStage[]
  readonly #budget: BudgetLedger | undefined
  readonly #flushMsFor: ((reason: unknown) => number) | undefined
  #line: StageLine | undefined
  #reason: unknown
  #flushTimer: ReturnType<typeof setTimeout> | undefined

  /** @throws what a stage or an observer throws in `start`, unless `isLazy` */
  constructor(
    stages: readonly AnyStage[],
    intake: Intake,
    queue: ItemQueue<Out>,
    options: StageDriverOptions<Out>,
  ) {
    super(intake, queue, options.watermarks)
    const { observers, budget, flushMsFor, isLazy = false } = options
    this.#stages = stages
    this.#flushMsFor = flushMsFor
    this.#budget = budget
    if (!isLazy) {
      try {
        this.#line = new StageLine(stages, this, observers)
      } catch (error) {
        // The stream asks for items all the same.
        this.state = 'ended'
        throw error
      }
    }
    budget?.join(this)
  }

  get heldBytes(): number {
    return this.queued + (this.#line?.heldBytes ?? 0)
  }

  /** Passes an item through the stages. */
  push(item: unknown): void {
    const line = this.#started()
    if (!this.isRunning) return
    try {
      line.push(item)
    } catch (error) {
      this.error(error)
      return
    }
    // With nothing queued, no read would ever open the output again.
    if (this.#budget?.mayGoOn(this) === false && this.queued > 0) this.hold()
  }

  /** The source is held back. */
  pause(): void {
    const line = this.#started()
    if (this.isRunning) line.pause()
  }

  /** The source is read again. */
  resume(): void {
    if (this.isRunning) this.#line?.resume()
  }

  /** The source is done: closes the stream once all items have been read. */
  end(): void {
    const line = this.#started()
    if (!this.isRunning) return
    try {
      line.end()
    } catch (error) {
      this.error(error)
      return
    }
    if (!this.isRunning) return
    this.leaveOpen('closing')
    // With a high watermark of 0 no `pull` tells when the last item was read.
    if (this.queued === 0 || this.isUnqueued) this.#settle()
  }

  /** The source failed: errors the stream once all items have been read, or at the flush deadline. */
  fail(reason: unknown): void {
    const line = this.#started()
    if (!this.isRunning) return
    this.state = 'failing'
    line.fail(reason)
    if (this.state === 'failing') this.#flush(reason)
  }

  /** A stage failed: cancels the source, and errors the stream as `fail` does. */
  error(reason: unknown): void {
    // A stage that reports an error in its `start`.
    if (this.#line === undefined) throw reason
    if (this.state === 'closing') {
      this.#flush(reason)
    } else if (this.isRunning) {
      this.fail(reason)
      // The stream has its reason; that the source cannot be cancelled adds nothing to it.
      const cancel = async (): Promise<void> => this.intake.cancel(reason)
      cancel().catch(() => {})
    }
  }

  protected override onOpen(wasFull: boolean): void {
    try {
      this.#started()
      this.intake.open(wasFull)
    } catch (error) {
      this.error(error)
    }
  }

  protected override onDrained(): void {
    // A sink has every item, and flushes by itself.
    if (this.state === 'closing' || this.isFlowing) {
      this.#settle()
    } else {
      this.state = 'flushed'
      afterMacrotask(() => this.#settle())
    }
  }

  override cancel(reason: unknown): void | Promise<void> {
    const line = this.#started()
    const isSourceLive = this.isRunning
    this.#toEnded()
    try {
      // Before the stages: one that aborts the source in its own way would turn this cancel into an error. A source
      // that has failed would reject a cancel with its error.
      return isSourceLive ? this.intake.cancel(reason) : undefined
    } finally {
      line.dispose('cancelled', reason)
    }
  }

  #started(): StageLine {
    if (this.#line === undefined) {
      try {
        this.#line = new StageLine(this.#stages, this)
      } catch (error) {
        this.#line = new StageLine([], this)
        this.error(error)
      }
    }
    return this.#line
  }

  #flush(reason: unknown): void {
    this.#reason = reason
    this.leaveOpen('flushing')
    this.#line?.dispose('failed', reason)
    const returned = callHook('flushMsFor', () => this.#flushMsFor?.(reason))
    const flushMs = typeof returned === 'number' ? returned : Infinity
    if (this.state !== 'flushing') return
    if (flushMs <= 0) this.#settle()
    else if (this.queued === 0) this.onDrained()
    else this.#flushTimer = startDeadline(flushMs, () => this.#settle())
  }

  #settle(): void {
    const { state } = this
    if (state === 'ended') return
    this.#toEnded()
    if (state === 'closing') this.queue.close()
    else this.queue.error(this.#reason)
    this.#line?.dispose('done')
  }

  #toEnded(): void {
    this.state = 'ended'
    clearTimeout(this.#flushTimer)
    this.#budget?.leave(this)
  }
}
