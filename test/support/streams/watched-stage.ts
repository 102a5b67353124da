import type { Stage, StageOutcome } from 'sse-stream-kit/streams'

/** How a stage was told of its end. */
export type StageEnding = [outcome: StageOutcome, reason: unknown]

/** A stage as it is, with each of its ends recorded. */
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
