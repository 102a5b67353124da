import { checkNumber } from '../../base/check-number.ts'
import { seededRandom } from '../seeded-random.ts'
import { step, type UpstreamStep } from '../upstream/step.ts'
import type { DialectAnswer, TranscriptDialect, TranscriptTool } from './dialect-answer.ts'
import { dialectLines } from './dialect-lines.ts'

/** What a transcript says, its pace, and how it ends. */
export interface TranscriptOptions {
  /** The text of the answer, cut into tokens before each space. @default `tokens` words */
  text?: string | undefined
  /** Number of words of an answer without `text`. @default 20 */
  tokens?: number | undefined
  /** What the model thinks before it answers, cut like `text`. @default none */
  reasoning?: string | undefined
  /** Functions that the model calls after the text. @default none */
  tools?: readonly TranscriptTool[] | undefined
  /** Number of choices or candidates, all with the same content; more than 1 with `openai-chat` and `gemini` only. @default 1 */
  choices?: number | undefined
  /** The model that the stream names. @default one of the vendor's */
  model?: string | undefined
  /** Whether the stream states its usage. @default true */
  usage?: boolean | undefined
  /**
   * Why the answer ended, in the word of the API; `false` for a stream that does not say so. For `openai-responses`
   * `completed`, or the reason why it is incomplete. @default the one that fits
   */
  finishReason?: string | false | undefined
  /** Whether a complete answer has its terminal mark, such as `[DONE]` or `message_stop`. @default true */
  terminalMark?: boolean | undefined
  /** Mean wait between two tokens, in milliseconds; each wait is 0.5 to 1.5 times as long. 0 for none. @default 0 */
  gapMs?: number | undefined
  /** Wait between the response head and the first token, in milliseconds; 0 for none. @default 0 */
  prefillMs?: number | undefined
  /** How it ends: `complete`; with the dialect's `error`; `unfinished`, a clean HTTP end without the dialect's end. @default 'complete' */
  ending?: 'complete' | 'error' | 'unfinished' | undefined
  /** Seed of the words and gaps. @default 1 */
  seed?: number | undefined
}

const WORDS =
  'The a stream of tokens is größer than 世界 and yet every reader waits for the first one'.split(
    ' ',
  )

/**
 * Returns the script of a model's answer in the format of a vendor's API.
 *
 * Sends the response head, waits `prefillMs`, then sends one event for each token and the events of the dialect's end.
 *
 * - Holds all steps of the answer.
 * - Backpressure, cancel: see the {@link fakeUpstream} that runs the script.
 * - Error: with `ending: 'error'` the dialect's error event replaces its end.
 *
 * @throws RangeError for `tokens`, `gapMs` or `prefillMs` below 0, and for `choices` below 1 or where the API has one
 * @throws TypeError for an unknown dialect
 *
 * @example A chat completion of three tokens
 * ```ts
 * import { fakeUpstream, transcript } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream(transcript('openai-chat', { text: 'Hello there, reader' }))
 * const response = await upstream.fetch('http://upstream.test/v1/chat/completions', { method: 'POST' })
 * console.log(await response.text())
 * ```
 */
export function transcript(
  dialect: TranscriptDialect,
  {
    text,
    tokens = 20,
    reasoning = '',
    tools = [],
    choices = 1,
    model,
    usage = true,
    finishReason,
    terminalMark = true,
    gapMs = 0,
    prefillMs = 0,
    ending = 'complete',
    seed = 1,
  }: TranscriptOptions = {},
): UpstreamStep[] {
  checkNumber('tokens', tokens, { min: 0 })
  checkNumber('choices', choices, { min: 1 })
  checkNumber('gapMs', gapMs, { min: 0, fraction: true })
  checkNumber('prefillMs', prefillMs, { min: 0, fraction: true })
  const random = seededRandom(seed)
  const words = text === undefined ? madeUp(tokens, random) : cutBeforeSpaces(text)
  const lines = dialectLines(dialect, {
    words,
    reasoning: cutBeforeSpaces(reasoning),
    tools,
    choices,
    model,
    finishReason,
    usage,
    terminalMark,
  })
  const gap = (): UpstreamStep[] => (gapMs === 0 ? [] : [step.wait(gapMs * (0.5 + random()))])
  return [
    step.status(200, { 'content-type': lines.contentType }),
    ...(prefillMs === 0 ? [] : [step.wait(prefillMs)]),
    ...lines.before.map(step.raw),
    ...lines.tokens.flatMap((line, index) => [...(index === 0 ? [] : gap()), step.raw(line)]),
    ...end(ending, lines).map(step.raw),
    step.end(),
  ]
}

function end(ending: TranscriptOptions['ending'], lines: DialectAnswer): string[] {
  if (ending === 'unfinished') return []
  return ending === 'error' ? [lines.error] : lines.after
}

function cutBeforeSpaces(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\S)(?= )/)
}

function madeUp(count: number, random: () => number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const word = WORDS[Math.floor(random() * WORDS.length)] as string
    return index === 0 ? word : ` ${word}`
  })
}
