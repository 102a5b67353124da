import { checkNumber } from '../../base/check-number.ts'
import { seededRandom } from '../seeded-random.ts'
import { step, type UpstreamStep } from '../upstream/step.ts'
import type { DialectAnswer } from './dialect-answer.ts'
import { dialectLines, type TranscriptDialect } from './dialect-lines.ts'

/** What a transcript says, and at what pace. */
export interface TranscriptOptions {
  /** The answer; it is cut before each space. @default made of `tokens` words */
  text?: string | undefined
  /** How many words an answer of made-up words has. @default 20 */
  tokens?: number | undefined
  /** The mean wait between two tokens, in milliseconds, each from half to one and a half of it; 0 for none. @default 0 */
  gapMs?: number | undefined
  /** How long the model thinks after the head went out, in milliseconds; 0 for not at all. @default 0 */
  prefillMs?: number | undefined
  /** How it ends: whole; with the dialect's own error; without its last mark, though HTTP ends clean. @default 'complete' */
  ending?: 'complete' | 'error' | 'unfinished' | undefined
  /** What the words and the gaps are drawn from: the same for the same seed. @default 1 */
  seed?: number | undefined
}

const WORDS =
  'The a stream of tokens is größer than 世界 and yet every reader waits for the first one'.split(
    ' ',
  )

/**
 * Writes the script of a model's answer as the API of a vendor streams it.
 *
 * The head goes out first, then the prefill, then one event for each token, then what the vendor ends with.
 *
 * - Holds all steps of the answer.
 * - Backpressure, cancel: as the {@link fakeUpstream} that runs it honours them.
 * - Error: with `ending: 'error'` the vendor's error event stands in place of the end.
 *
 * @throws RangeError for `tokens`, `gapMs` or `prefillMs` below 0
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
    gapMs = 0,
    prefillMs = 0,
    ending = 'complete',
    seed = 1,
  }: TranscriptOptions = {},
): UpstreamStep[] {
  checkNumber('tokens', tokens, { min: 0 })
  checkNumber('gapMs', gapMs, { min: 0, fraction: true })
  checkNumber('prefillMs', prefillMs, { min: 0, fraction: true })
  const random = seededRandom(seed)
  const words = text === undefined ? madeUp(tokens, random) : cutBeforeSpaces(text)
  const lines = dialectLines(dialect, words)
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
