import type { Budget } from './budget.ts'
import type { StageObserver } from './stage-observer.ts'
import type { ByteWatermarks } from './watermarks.ts'

/** What a relay may hold, and what follows it. */
export interface RelayOptions {
  /** How many bytes are queued for a slow reader. @default those of {@link ByteWatermarks} */
  watermark?: ByteWatermarks | undefined
  /** A bound on what all streams hold together; above it the fullest are not read until they have drained. @default none */
  budget?: Budget | undefined
  /**
   * Returns how long a stream that failed waits, in milliseconds, for its reader to take what was queued before the
   * error; the rest is then dropped. 0 drops it at once. @default () => Infinity
   */
  flushMsFor?: ((reason: unknown) => number) | undefined
  /** Follow the stream without a place among its stages. @default [] */
  observers?: readonly StageObserver[] | undefined
}
