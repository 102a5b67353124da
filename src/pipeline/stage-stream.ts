import type { IterableStream } from '../base/iterable-stream.ts'
import { checkStage } from './check-stage.ts'
import type { Stage } from './stage.ts'
import { StageDriver } from './stage-driver.ts'
import { StreamQueue } from './stream-queue.ts'
import type { Watermarks } from './watermarks.ts'
import { WritableIntake } from './writable-intake.ts'

/** The output of a {@link StageStream}. */
export interface StageStreamOptions<Out> {
  /** When the output is full, and when it accepts items again. @default accepts an item when one is read */
  watermarks?: Watermarks<Out> | undefined
  /** Called when the output has become full. What it throws is reported, with no other effect. @default none */
  onFull?: (() => void) | undefined
  /** Called when the output accepts items again. What it throws is reported, with no other effect. @default none */
  onWanted?: (() => void) | undefined
}

/**
 * A stage as a `TransformStream`, for use with `pipeThrough`. Unlike others it cannot be transferred: `postMessage` throws
 * a `DataCloneError`. Transfer its `readable` instead.
 *
 * - Holds what one written chunk becomes, plus what the stage holds; reads nothing ahead.
 * - Backpressure: a chunk is taken when the reader asks for an item.
 * - Cancel of the readable side ends the stage and errors the writable side with the reason, at once, also
 *   while a write is waiting; a pipe passes that on as a cancel of its source.
 * - Error: what was emitted before it is delivered, then the readable side errors with the same reason.
 *
 * It has its own pair of streams instead of a transformer. A transformer sees neither the demand of its output nor, in
 * several runtimes, a cancel, and while its `transform()` is pending a cancel does not reach the source.
 *
 * @throws TypeError for a stage without `start` and `push`
 * @see https://streams.spec.whatwg.org/#ts-model
 */
export class StageStream<In, Out> extends TransformStream<In, Out> {
  readonly #driver: StageDriver<Out>
  readonly #readable: IterableStream<Out>
  readonly #writable: WritableStream<In>

  constructor(stage: Stage<In, Out>, options: StageStreamOptions<Out> = {}) {
    super()
    // Transfers would move this inherited pair, to which nothing is written, and pass chunks unprocessed. A locked
    // stream cannot be transferred.
    super.readable.getReader()
    checkStage('The first argument of StageStream', stage)
    const { watermarks = { high: 0, low: 0, size: () => 1 } } = options
    const intake = new WritableIntake<In, Out>(options)
    // Starts the stage at the first use: a stream that is made and forgotten leaves no timer behind.
    const queue = new StreamQueue<Out>(watermarks.high)
    this.#readable = queue.readable
    this.#driver = new StageDriver<Out>([stage], intake, queue, { watermarks, isLazy: true })
    intake.driver = this.#driver
    this.#writable = intake.writable
  }

  override get readable(): IterableStream<Out> {
    return this.#readable
  }

  override get writable(): WritableStream<In> {
    return this.#writable
  }

  /** How much the output holds, in the unit of its watermarks. */
  protected get queued(): number {
    return this.#driver.queued
  }
}
