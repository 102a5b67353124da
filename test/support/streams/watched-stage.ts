import type { Stage, StageOutcome } from 'sse-stream-kit/streams'

/** One call of a stage's `dispose`. */
export type StageEnding = [outcome: StageOutcome, reason: unknown]

/** Wraps a stage, and records each call of its `dispose`. */
export function watchedStage<In, Out>(
  stage: Stage<In, Out>,
  endings: StageEnding[],
): Stage<In, Out> {
  return {
    start: (output) => stage.start(output),
    push: (item) => stage.push(item),
    end: () => stage.end?.(),
    fail: (reason) => stage.fail?.(reason),
    pause: () => stage.pause?.(),
    resume: () => stage.resume?.(),
    dispose: (outcome, reason) => {
      endings.push([outcome, reason])
      stage.dispose?.(outcome, reason)
    },
  }
}
