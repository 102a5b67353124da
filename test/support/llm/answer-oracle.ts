import { createParser } from 'eventsource-parser'
import type { AnswerEnd } from '../../../src/llm/answer-state.ts'

/** How an answer ended, said by its events alone: each is parsed, and none is passed over. */
type Judge = (events: readonly OracleEvent[]) => AnswerEnd

interface OracleEvent {
  data: string
  json: Json
}

interface Json {
  type?: string
  error?: unknown
  object?: string
  choices?: { index?: number; finish_reason?: string | null }[]
  candidates?: { index?: number; finishReason?: string }[]
}

const judges: Readonly<Record<string, Judge>> = {
  'openai-chat': (events) => {
    if (events.some(({ json }) => json.error != null)) return 'upstream_error'
    const choices = events.flatMap(({ json }) => json.choices ?? [])
    const finished = choices.filter((choice) => choice.finish_reason)
    const isDone = events.some(({ data }) => data === '[DONE]')
    return isDone || areAll(choices, finished) ? 'complete' : 'truncated'
  },
  'openai-responses': (events) => {
    const types = events.map(({ json }) => json.type)
    if (types.some((type) => type === 'error' || type === 'response.failed'))
      return 'upstream_error'
    const isOver = types.some((type) => /^response\.(completed|incomplete)$/.test(type ?? ''))
    return isOver ? 'complete' : 'truncated'
  },
  anthropic: (events) => {
    const types = events.map(({ json }) => json.type)
    if (types.includes('error')) return 'upstream_error'
    return types.includes('message_stop') ? 'complete' : 'truncated'
  },
  gemini: (events) => {
    if (events.some(({ json }) => json.error != null)) return 'upstream_error'
    const candidates = events.flatMap(({ json }) => json.candidates ?? [])
    const finished = candidates.filter((candidate) => candidate.finishReason)
    return areAll(candidates, finished) ? 'complete' : 'truncated'
  },
}

function areAll(seen: { index?: number }[], finished: { index?: number }[]): boolean {
  const left = new Set(seen.map(({ index = 0 }) => index))
  for (const { index = 0 } of finished) left.delete(index)
  return seen.length > 0 && left.size === 0
}

/** How a stream that ends here ended, asked for one byte more each time. Independent of the library: eventsource-parser and `JSON.parse`. */
export function answerOracle(dialect: string): (bytes: Uint8Array) => AnswerEnd {
  const judge = judges[dialect]
  if (judge === undefined) throw new Error(`No oracle for ${dialect}`)
  const known = new Map<number, AnswerEnd>()
  let last: AnswerEnd | undefined
  let lastLength = -1
  return (bytes) => {
    // Only the end of a line can end an event.
    const isLineEnd = bytes.at(-1) === 0x0a || bytes.at(-1) === 0x0d
    const isSame = last !== undefined && bytes.length === lastLength + 1 && !isLineEnd
    lastLength = bytes.length
    if (isSame && last !== undefined) return last
    const events = eventsIn(bytes)
    last = known.get(events.length) ?? judge(events.map(parsed))
    known.set(events.length, last)
    return last
  }
}

function parsed(data: string): OracleEvent {
  return { data, json: data === '[DONE]' ? {} : (JSON.parse(data) as Json) }
}

/** The data of each whole event. */
export function eventsIn(bytes: Uint8Array): string[] {
  const found: string[] = []
  const parser = createParser({ onEvent: ({ data }) => found.push(data) })
  const text = new TextDecoder().decode(bytes)
  // A CR ends a line; the parser waits for an LF behind it, which says nothing more.
  parser.feed(text.endsWith('\r') ? `${text}\n` : text)
  return found
}
