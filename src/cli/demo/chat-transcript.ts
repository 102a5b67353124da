import { step, transcript, type UpstreamStep } from '../../testing.ts'

/** From the response head to the first token, in milliseconds: the model reads the prompt. */
const PREFILL_MS = 500
const MEAN_GAP_MS = 58
/** One longer pause, in milliseconds, as busy models make them. */
const PAUSE_MS = 900

const ANSWER = `Backpressure is how a slow reader tells a fast writer to wait. A model writes tokens at its own pace, \
and a browser on a train reads them at another. Whoever stands between the two has three choices: hold \
everything in memory and hope, throw something away, or stop reading until there is room again.

The third one is backpressure. The proxy stops reading, its socket fills up, TCP closes the window, and the \
writer pauses. Nothing is lost, nothing piles up, and nobody had to say a word.

Streaming works only if each hop plays along. One proxy that waits for the whole answer before it passes it \
on turns a first word after half a second into a blank screen for nine. The total is the same. \
What people feel is not.`

/**
 * Returns the steps of a chat completion: the head at once, a wait, then token by token with uneven gaps.
 *
 * The bytes and waits are the same for the same speed, so that two requests get the same answer.
 *
 * @param speed factor by which the steps are faster than a model
 */
export function chatTranscript(speed: number): UpstreamStep[] {
  const steps = transcript('openai-chat', {
    text: ANSWER,
    prefillMs: PREFILL_MS / speed,
    gapMs: MEAN_GAP_MS / speed,
  })
  steps.splice(steps.length / 2, 0, step.wait(PAUSE_MS / speed))
  return steps
}
