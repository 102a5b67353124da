import { step, type UpstreamStep } from '../testing.ts'

/** From the head of the answer to its first token: the model reads the prompt. */
const PREFILL_MS = 500
const MEAN_GAP_MS = 48
/** Once the model stops for longer, as it does before a tool call or under load. */
const PAUSE_MS = 900
const SEED = 20_24

const ANSWER = `Backpressure is how a slow reader tells a fast writer to wait. A model writes tokens at its own pace, \
and a browser on a train reads them at another. Whoever stands between the two has three choices: hold \
everything in memory and hope, throw something away, or stop reading until there is room again.

The third one is backpressure. The proxy stops reading, its socket fills up, TCP closes the window, and the \
writer pauses. Nothing is lost, nothing piles up, and nobody had to say a word.

Streaming works only if each hop plays along. One proxy that waits for the whole answer before it passes it \
on turns a first word after half a second into a blank screen for nine. The total is the same. \
What people feel is not.`

/**
 * The steps of a chat completion: the head at once, a wait, then token by token with uneven gaps.
 *
 * The same for the same arguments, byte for byte and wait for wait, so that two requests get the same answer.
 *
 * @param speed how many times as fast as a model is
 */
export function chatTranscript(speed: number): UpstreamStep[] {
  const random = randomNumbers(SEED)
  const tokens = ANSWER.match(/\s*\S{1,5}/gu) ?? []
  const wait = (waitMs: number): UpstreamStep => step.wait(Math.round(waitMs * 100) / 100 / speed)
  const steps = [
    step.status(200, { 'content-type': 'text/event-stream; charset=utf-8' }),
    wait(PREFILL_MS),
    chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
  ]
  for (const [index, content] of tokens.entries()) {
    if (index === Math.floor(tokens.length / 2)) steps.push(wait(PAUSE_MS))
    // Exponential: mostly short, now and then long, as tokens come that are computed in batches with others'.
    else if (index > 0) steps.push(wait(-Math.log(1 - random()) * MEAN_GAP_MS))
    steps.push(chunk([{ index: 0, delta: { content }, finish_reason: null }]))
  }
  const usage = {
    prompt_tokens: 16,
    completion_tokens: tokens.length,
    total_tokens: tokens.length + 16,
  }
  steps.push(
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    chunk([], usage),
    step.send({ data: '[DONE]' }),
  )
  return steps
}

function chunk(choices: readonly object[], usage: object | null = null): UpstreamStep {
  const data = {
    id: 'chatcmpl-demo',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'demo',
    choices,
    usage,
  }
  return step.send({ data: JSON.stringify(data) })
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
