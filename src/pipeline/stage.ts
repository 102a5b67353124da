/** How a stream ended: the source was done, the reader cancelled, or something failed. */
export type StageOutcome = 'done' | 'cancelled' | 'failed'

/** Where a stage puts its items; passed to it once, in `start`. */
export interface StageOutput<Out> {
  /** Passes an item on. Has no effect after the end of the stream. */
  emit(item: Out): void
  /** Ends the stream with an error, once everything emitted before has been read. */
  error(reason: unknown): void
  /** How much more the output accepts, as in the streams standard: at 0 or below it is full. */
  readonly desiredSize: number
  /** How much was emitted and not yet read: bytes, where items are bytes. */
  readonly queued: number
}

/**
 * One step of a pipeline: items in, items out, without a promise or a stream per item.
 *
 * A stage runs as a `TransformStream` of its own (see {@link StageStream}) or fused with others into one
 * `ReadableStream` (see {@link relay}), with the same result.
 *
 * Stages are synchronous: a `push` or `end` that returns a promise ends the stream with a `TypeError`. Asynchronous
 * work belongs in a `TransformStream` before or behind the relay, with `pipeThrough`.
 *
 * What `push` or `end` throws ends the stream with that error, after everything emitted before it.
 */
export interface Stage<In, Out> {
  /** Called once, before anything else. */
  start(output: StageOutput<Out>): void
  /** Takes an item. What it emits for the item, it emits inside of this call. */
  push(item: In): void
  /** Called when the source is done: emits what is still held. */
  end?(): void
  /**
   * Called when the stream is about to end with this error. What is emitted now passes the stages behind, and is
   * delivered before the error.
   */
  fail?(reason: unknown): void
  /** How many bytes the stage holds. */
  readonly heldBytes?: number | undefined
  /** Called when the source is no longer read, because the output is full. */
  pause?(): void
  /** Called when the source is read again. */
  resume?(): void
  /** Called exactly once, however the stream ends. Must clear all timers and listeners. */
  dispose?(outcome: StageOutcome, reason?: unknown): void
}
