import { FLOW, type ItemReader, type ItemSource } from '../base/byte-source.ts'
import { callHook } from '../base/call-hook.ts'
import type { IterableStream } from '../base/iterable-stream.ts'
import type { ReadResult } from '../base/read-result.ts'
import type { Budget, BudgetMember } from './budget.ts'
import { checkRelay } from './check-relay.ts'
import { heldSize } from './held-size.ts'
import { checkMarks, type Marks } from './marks.ts'
import { Outlet, type OutletFeed } from './outlet.ts'
import type { Stage } from './stage.ts'
import { type AnyStage, StageLine } from './stage-line.ts'
import type { StageObserver } from './stage-observer.ts'

/** How much a relay may hold for a reader that is slower than the source. */
export interface RelayOptions {
  /** When to stop reading the source, and when to go on. */
  watermark?:
    | {
        /**
         * From so many bytes held on, the source is not read. Text, and the `data` of events, count their length;
         * other items that are no bytes count 1. @default 65_536
         */
        highBytes?: number | undefined
        /** Down to so many bytes the relay drains before it reads again. @default half of `highBytes` */
        lowBytes?: number | undefined
      }
    | undefined
  /** A bound on what all streams hold together; past it the fullest are not read until they have drained. */
  budget?: Budget | undefined
  /**
   * Returns how long a stream that failed waits, in milliseconds, for its reader to take what was whole before;
   * the rest is dropped then. 0 drops it at once. @default () => Infinity
   */
  flushMsFor?: ((reason: unknown) => number) | undefined
  /** What follows the life of the stream. */
  observers?: readonly StageObserver[] | undefined
}

/**
 * Runs a line of stages fused: one `ReadableStream`, whose `pull` reads the source and walks the stages.
 *
 * - Holds at most `highBytes`, plus what one chunk of the source becomes, plus what the stages hold.
 * - Backpressure: reads the source only while it is below the high mark, and after that from the low mark on.
 * - Cancel reaches the source at once, also while a read is pending and while the source is held back.
 * - Error, of the source or of a stage: what was whole before it is delivered first; one macrotask later the
 *   stream errors with the very same reason. A stage's error cancels the source.
 *
 * @throws RangeError for marks out of range
 * @throws TypeError if the source is locked, or if a stage is a `TransformStream` or anything else but a stage
 *
 * @example Count the events of a response that passes through
 * ```ts
 * import { FrameSplitter, HeartbeatInjector, MetricsTap, relay } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\ndata: 2\n\n')
 * const body = relay(upstream.body!, [
 *   FrameSplitter.stage(),
 *   MetricsTap.stage({ onEnd: (summary) => console.log(summary.events) }),
 *   HeartbeatInjector.stage(),
 * ])
 * await new Response(body).text() // prints 2
 * ```
 * @see https://streams.spec.whatwg.org/#rs-model
 */
export function relay<T>(
  source: ReadableStream<T>,
  stages: readonly Stage<T, T>[],
  options?: RelayOptions,
): IterableStream<T>
export function relay<A, B>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>],
  options?: RelayOptions,
): IterableStream<B>
export function relay<A, B, C>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>],
  options?: RelayOptions,
): IterableStream<C>
export function relay<A, B, C, D>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>],
  options?: RelayOptions,
): IterableStream<D>
export function relay<A, B, C, D, E>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>],
  options?: RelayOptions,
): IterableStream<E>
export function relay<T>(
  source: ItemSource<T>,
  stages: readonly Stage<T, T>[],
  options?: RelayOptions,
): IterableStream<T>
export function relay(
  source: ItemSource<unknown>,
  stages: readonly AnyStage[],
  {
    watermark: { highBytes = 65_536, lowBytes = Math.floor(highBytes / 2) } = {},
    budget,
    flushMsFor = () => Infinity,
    observers = [],
  }: RelayOptions = {},
): IterableStream<unknown> {
  const marks = checkMarks('highBytes', highBytes, 'lowBytes', lowBytes)
  checkRelay(source, stages, observers)
  const { outlet } = new Relay(
    source,
    stages,
    observers,
    { ...marks, size: heldSize },
    budget,
    flushMsFor,
  )
  return Object.assign(outlet.readable, {
    [FLOW]: (sink: ((item: unknown) => void) | undefined) => outlet.flow(sink),
  })
}

function copyOf(item: unknown): unknown {
  return item instanceof Uint8Array ? new Uint8Array(item) : item
}

class Relay implements OutletFeed, BudgetMember {
  readonly outlet: Outlet<unknown>
  readonly #source: ItemSource<unknown>
  readonly #reader: ItemReader<unknown>
  readonly #budget: Budget | undefined
  readonly #line: StageLine
  readonly #flushMsFor: (reason: unknown) => number
  #isReading = false
  /** Whether the source calls for each item, and is not read. */
  #isFlowing = false
  #isPaused = false
  #hasEnded = false
  /** The source is done, and the reader has not taken all of it. */
  #isClosing = false

  constructor(
    source: ItemSource<unknown>,
    stages: readonly AnyStage[],
    observers: readonly StageObserver[],
    marks: Marks<unknown>,
    budget: Budget | undefined,
    flushMsFor: (reason: unknown) => number,
  ) {
    this.#flushMsFor = flushMsFor
    this.#budget = budget
    this.#source = source
    this.#reader = source.getReader()
    this.outlet = new Outlet(marks, this)
    try {
      this.#line = new StageLine(stages, this.outlet, observers)
    } catch (error) {
      // The outlet asks for items all the same.
      this.#hasEnded = true
      this.#reader.releaseLock?.()
      throw error
    }
    budget?.join(this)
    if (source[FLOW]) this.#reader.closed?.then(this.#onSourceClosed, this.#onSourceBroken)
  }

  get heldBytes(): number {
    return this.outlet.queued + this.#line.heldBytes
  }

  wanted(): void {
    if (this.#isPaused) {
      this.#isPaused = false
      this.#line.resume()
    }
    this.#read()
  }

  full(): void {
    this.#isPaused = true
    if (this.#isFlowing) {
      this.#stopFlow()
      this.#isReading = false
    }
    this.#line.pause()
  }

  settled(): void {
    this.#isClosing = false
    this.#budget?.leave(this)
    this.#line.dispose('done')
  }

  errored(reason: unknown): void {
    if (this.#isClosing) this.#end(reason)
    else this.#failHere(reason)
  }

  cancelled(reason: unknown): void | Promise<void> {
    this.#budget?.leave(this)
    const hadEnded = this.#hasEnded
    this.#hasEnded = true
    this.#isClosing = false
    // Before the stages: one that aborts the source in its own way would turn this cancel into an error.
    // A source that has failed answers a cancel with its error, which the reader has left behind.
    const cancelled = hadEnded ? undefined : this.#reader.cancel(reason)
    this.#line.dispose('cancelled', reason)
    return cancelled
  }

  #read(): void {
    if (this.#isReading || this.#hasEnded) return
    this.#isReading = true
    if (!this.#startFlow()) this.#reader.read().then(this.#onRead, this.#onSourceError)
  }

  #startFlow(): boolean {
    if (this.#source[FLOW] === undefined) return false
    // Before the call: what waits in the source comes inside of it, and may fill the output.
    this.#isFlowing = true
    if (!this.#source[FLOW](this.#onItem)) {
      this.#isFlowing = false
      return false
    }
    return true
  }

  #stopFlow(): void {
    this.#isFlowing = false
    this.#source[FLOW]?.(undefined)
  }

  readonly #onItem = (item: unknown): void => {
    if (this.#hasEnded) return
    // Whoever reads the stream owns its chunks, and may transfer them.
    if (this.#push(this.outlet.isFlowing ? item : copyOf(item))) this.#mindBudget()
  }

  readonly #onSourceClosed = (): void => {
    if (!this.#isFlowing || this.#hasEnded) return
    // What the stages still give may fill the output, and what is full must not go back to the source.
    this.#isFlowing = false
    this.#finish()
  }

  readonly #onSourceBroken = (reason: unknown): void => {
    if (this.#isFlowing) this.#onSourceError(reason)
  }

  readonly #onRead = (result: ReadResult<unknown>): void => {
    if (this.#hasEnded) return
    if (result.done) {
      this.#finish()
      return
    }
    if (this.#push(result.value)) this.#readOn()
  }

  /** Returns whether the stages took the item. */
  #push(item: unknown): boolean {
    try {
      this.#line.push(item)
    } catch (error) {
      this.#failHere(error)
      return false
    }
    return true
  }

  #readOn(): void {
    this.#isReading = false
    this.#mindBudget()
    if (this.outlet.isOpen) this.#read()
  }

  #mindBudget(): void {
    // With nothing queued there is nothing that a reader could drain to let it go on.
    if (this.#budget?.mayGoOn(this) === false && this.outlet.queued > 0) {
      this.outlet.hold()
    }
  }

  #finish(): void {
    try {
      this.#line.end()
    } catch (error) {
      this.#failHere(error)
      return
    }
    if (this.#hasEnded) return
    this.#hasEnded = this.#isClosing = true
    this.outlet.close()
  }

  readonly #onSourceError = (reason: unknown): void => {
    this.#fail(reason)
  }

  /** The fault is on this side: the source has to be told. */
  #failHere(reason: unknown): void {
    if (this.#hasEnded) return
    this.#fail(reason)
    // The reason is the stream's own error by now; that the source cannot be cancelled adds nothing to it.
    this.#reader.cancel(reason).catch(() => {})
  }

  #fail(reason: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#line.fail(reason)
    this.#end(reason)
  }

  #end(reason: unknown): void {
    this.#isClosing = false
    this.#line.dispose('failed', reason)
    const flushMs = callHook('flushMsFor', () => this.#flushMsFor(reason))
    this.outlet.fail(reason, typeof flushMs === 'number' ? flushMs : Infinity)
  }
}
