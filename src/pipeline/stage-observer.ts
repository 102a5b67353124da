import type { StageOutcome, StageOutput } from './stage.ts'

/** The output of a relay as an observer sees it: its queue, and a way to end the stream. */
export type ObservedOutput = Omit<StageOutput<unknown>, 'emit'>

/**
 * Observes how a relay starts, pauses and ends. Items do not pass through it, so it costs nothing per item.
 *
 * Observers are called in their order: `start` after the `start` of all stages, `end` before that of the stages,
 * every other method after that of the stages.
 */
export interface StageObserver {
  /** Called once, before anything else. */
  start(output: ObservedOutput): void
  /** Called when the source is no longer read, because the output is full. */
  pause?(): void
  /** Called when the source is read again. */
  resume?(): void
  /** Called when the source is done, before the stages emit what they still hold. */
  end?(): void
  /** Called exactly once, however the stream ends. Must clear all timers and listeners. */
  dispose?(outcome: StageOutcome, reason?: unknown): void
}
