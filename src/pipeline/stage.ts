/** How a stage's life ended: the source was done, the client cancelled, or something failed. */
export type StageOutcome = 'done' | 'cancelled' | 'failed'

/** Where a stage puts its items; handed to it once, in `start`. */
export interface StageOutput<Out> {
  /** Hands an item on. After the stage's end it does nothing. */
  emit(item: Out): void
  /** Ends the stream with an error, once all that was emitted before has been taken. */
  error(reason: unknown): void
  /** How much more the output wants, as in the streams standard: at 0 or below it is full. */
  readonly desiredSize: number
  /** How much was emitted and not yet taken by the reader: bytes, where the output holds bytes. */
  readonly queued: number
}

/**
 * One step of a pipeline: items in, items out, without a promise or a stream per item.
 *
 * A stage runs as a `TransformStream` of its own (see {@link StageStream}) or fused with others into one
 * `ReadableStream` (see {@link relay}); it cannot tell which.
 *
 * Stages are synchronous: a `push` or `end` that returns a promise ends the stream with a `TypeError`. Asynchronous
 * work belongs in a `TransformStream` before or behind the relay, with `pipeThrough`.
 *
 * What `push` or `end` throws ends the stream with that error, after all that was emitted before it.
 */
export interface Stage<In, Out> {
  /** Called once, before anything else. */
  start(output: StageOutput<Out>): void
  /** Takes an item. What it emits for the item, it emits inside of this call. */
  push(item: In): void
  /** Called when the source is done: emits what is still held. */
  end?(): void
  /**
   * The stream is about to end with this error. What is emitted now still goes out before it; what the
   * stages behind would do with it, they do.
   */
  fail?(reason: unknown): void
  /** How many bytes it holds. */
  readonly heldBytes?: number | undefined
  /** The source is held back, because the output is full. */
  pause?(): void
  /** The source runs again. */
  resume?(): void
  /** Called exactly once, on every path, after which no timer or listener may be left. */
  dispose?(outcome: StageOutcome, reason?: unknown): void
}
