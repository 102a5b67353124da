import { callHook } from '../base/call-hook.ts'
import type { IterableStream } from '../base/iterable-stream.ts'
import { checkStage } from './check-stage.ts'
import type { Marks } from './marks.ts'
import { Outlet, type OutletFeed } from './outlet.ts'
import type { Stage } from './stage.ts'
import { StageLine } from './stage-line.ts'

/** What a {@link StageStream} can be told about its output. */
export interface StageStreamOptions<Out> {
  /** When the output is full and when it is hungry again; without marks it takes an item when one is read. */
  marks?: Marks<Out> | undefined
  /** Called when the output has become full. What it throws is reported, and touches nothing. */
  onFull?: (() => void) | undefined
  /** Called when the output wants items again. What it throws is reported, and touches nothing. */
  onWanted?: (() => void) | undefined
}

/**
 * A stage as a `TransformStream`, for use with `pipeThrough`.
 *
 * - Holds what one written chunk becomes, plus what the stage holds; nothing is read ahead.
 * - Backpressure: a chunk is taken when the reader asks for an item.
 * - Cancel of the readable side ends the stage and errors the writable side with the reason, at once, also
 *   while a write is waiting; a pipe passes that on as a cancel of its source.
 * - Error: what was whole before it is delivered, then the readable side errors with the same reason.
 *
 * It brings its own pair of streams instead of a transformer: a transformer is told neither when its output
 * is wanted nor, in several runtimes, that it was cancelled, and while its `transform()` waits a cancel does
 * not reach the source at all.
 *
 * @throws TypeError for a stage without `start` and `push`
 * @see https://streams.spec.whatwg.org/#ts-model
 */
export class StageStream<In, Out> extends TransformStream<In, Out> {
  readonly #shell: Shell<In, Out>

  constructor(stage: Stage<In, Out>, options: StageStreamOptions<Out> = {}) {
    super()
    checkStage('The first argument of StageStream', stage)
    this.#shell = new Shell(stage, options)
  }

  override get readable(): IterableStream<Out> {
    return this.#shell.outlet.readable
  }

  override get writable(): WritableStream<In> {
    return this.#shell.writable
  }

  /** How much the output holds, in the unit of its marks. */
  protected get queued(): number {
    return this.#shell.outlet.queued
  }
}

class Shell<In, Out> implements OutletFeed {
  readonly outlet: Outlet<Out>
  readonly writable: WritableStream<In>
  readonly #stage: Stage<In, Out>
  readonly #options: StageStreamOptions<Out>
  #line: StageLine | undefined
  #controller!: WritableStreamDefaultController
  /** Lets the waiting write go on. */
  #release: (() => void) | undefined
  #hasEnded = false
  #wasFull = false

  constructor(stage: Stage<In, Out>, options: StageStreamOptions<Out>) {
    this.#stage = stage
    this.#options = options
    this.outlet = new Outlet<Out>(options.marks ?? { high: 0, low: 0, size: () => 1 }, this)
    this.writable = new WritableStream<In>({
      start: (controller) => {
        this.#controller = controller
        // A stream waits for the write in flight before it tells its sink of an abort; only this signal
        // comes at once, and without it a write that waits for a reader would wait for ever.
        controller.signal.addEventListener('abort', () => this.#letGo(), { once: true })
      },
      write: (item) => this.#write(item),
      close: () => this.#close(),
      abort: (reason) => this.#fail(reason),
    })
  }

  wanted(): void {
    this.#startedLine()
    if (this.#wasFull) {
      this.#wasFull = false
      callHook('onWanted', () => this.#options.onWanted?.())
    }
    this.#letGo()
  }

  full(): void {
    this.#wasFull = true
    callHook('onFull', () => this.#options.onFull?.())
  }

  settled(): void {
    this.#startedLine().dispose('done')
  }

  errored(reason: unknown): void {
    this.#failHere(reason)
  }

  cancelled(reason: unknown): void {
    this.#hasEnded = true
    this.#startedLine().dispose('cancelled', reason)
    this.#controller.error(reason)
    this.#letGo()
  }

  /** The stage starts with the stream's first use: one that is made and forgotten leaves no timer behind. */
  #startedLine(): StageLine {
    if (this.#line !== undefined) return this.#line
    try {
      this.#line = new StageLine([this.#stage], this.outlet)
    } catch (error) {
      this.#line = new StageLine([], this.outlet)
      this.#failHere(error)
    }
    return this.#line
  }

  #write(item: In): void | Promise<void> {
    const line = this.#startedLine()
    if (this.#hasEnded) return
    if (this.outlet.isOpen) {
      this.#push(line, item)
      return
    }
    line.pause()
    const released = new Promise<void>((resolve) => {
      this.#release = resolve
    })
    return released.then(() => {
      if (this.#hasEnded) return
      line.resume()
      this.#push(line, item)
    })
  }

  #push(line: StageLine, item: In): void {
    if (this.#hasEnded) return
    try {
      line.push(item)
    } catch (error) {
      this.#failHere(error)
    }
  }

  #close(): void {
    try {
      this.#startedLine().end()
      this.#hasEnded = true
      this.outlet.close()
    } catch (error) {
      this.#failHere(error)
    }
  }

  #letGo(): void {
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  /** The fault is on this side: whoever writes has to be told. */
  #failHere(reason: unknown): void {
    if (this.#hasEnded) return
    this.#fail(reason)
    // Not by throwing: Node 26.4 and 26.5 crash when a stage in a pipe throws.
    this.#controller.error(reason)
  }

  #fail(reason: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const line = this.#startedLine()
    line.fail(reason)
    line.dispose('failed', reason)
    this.outlet.fail(reason)
    this.#letGo()
  }
}
