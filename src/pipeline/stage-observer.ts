import type { StageOutcome, StageOutput } from './stage.ts'

/** What an observer sees of the output of a relay, and how it ends the stream. */
export type ObservedOutput = Omit<StageOutput<unknown>, 'emit'>

/**
 * Follows the life of a relay without a place in its line of stages: no item passes through it, so it costs
 * nothing per item.
 *
 * Observers are called in their order: `start` after the `start` of all stages, `end` before that of the stages,
 * every other method after that of the stages.
 */
export interface StageObserver {
  /** Called once, before anything else. */
  start(output: ObservedOutput): void
  /** Called when the output is full, which stops the source. */
  pause?(): void
  /** Called when the output accepts items again. */
  resume?(): void
  /** Called when the source is done; what the stages still hold has not been emitted. */
  end?(): void
  /** Called exactly once, on every path, after which no timer or listener may be left. */
  dispose?(outcome: StageOutcome, reason?: unknown): void
}
