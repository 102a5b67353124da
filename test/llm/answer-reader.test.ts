import { describe, expect, it } from 'vitest'
import { anthropic } from '../../src/llm/anthropic.ts'
import type { Dialect } from '../../src/llm/dialect.ts'
import { DIALECTS } from '../../src/llm/dialects.ts'
import { openaiChat } from '../../src/llm/openai-chat.ts'
import { plain } from '../../src/llm/plain.ts'
import { chat, DONE, frame } from '../support/llm/frames.ts'
import { summaryOf, tapAll } from '../support/llm/tapped.ts'
import { transcriptText } from '../support/llm/transcript-bytes.ts'

const NAMES = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
const HELLO = chat({ content: 'Hello' })
const guess = openaiChat

const words: Dialect = {
  ...plain,
  name: 'words',
  recognizes: (event, json) => event === 'word' || (json as { word?: string })?.word !== undefined,
  triage: (event) => (event === 'hint' ? 'skip' : 'read'),
  read: (event, _json, data) => ({ isEnd: data === 'THE END', isContent: event === 'word' }),
}

describe('a stream that no dialect reads', () => {
  it.each([
    ['words', 'data: hello\n\n'],
    ['numbers', frame(17)],
    ['null', frame(null)],
    ['lists', frame([{ choices: [] }])],
    ['objects', frame({ text: 'a', usage: { total_tokens: 3 } })],
    ['broken JSON', 'data: {"choices":[{"delta":{"content":"x"\n\n'],
    ['empty data', 'data\n\ndata:\n\n'],
  ])('is plain: %s', (what, event) => {
    for (const count of [1, 5, 40]) {
      const stream = event.repeat(count)
      expect(summaryOf(stream)).toEqual({ dialect: 'plain', contentEvents: 0 })
      expect(tapAll(stream).answerEnd).toBeUndefined()
      if (what === 'empty data') continue
      expect(summaryOf(stream, { guess })).toEqual({ dialect: 'plain', contentEvents: 0 })
      expect(tapAll(stream, { guess }).answerEnd).toBeUndefined()
    }
  })

  it('may begin with some events that no dialect knows, and be recognized then', () => {
    const odd = frame({ status: 'queued' })
    expect(summaryOf(odd.repeat(15) + HELLO + DONE).dialect).toBe('openai-chat')
    expect(summaryOf(odd.repeat(16) + HELLO + DONE).dialect).toBe('plain')
  })

  it('may begin with any number of pings', () => {
    const ping = frame({ type: 'ping' }, 'ping')
    const bare = frame({ type: 'ping' })
    expect(tapAll((ping + bare).repeat(30), { guess }).answerEnd).toBe('truncated')
    const chatted = (ping + bare).repeat(30) + HELLO + ping + bare
    expect(tapAll(chatted).answerEnd).toBe('truncated')
    expect(tapAll(chatted + DONE).answerEnd).toBe('complete')
  })
})

describe('a stream that changes', () => {
  const changes = NAMES.flatMap((from) =>
    NAMES.filter((to) => to !== from).map((to) => [from, to] as const),
  )
  it.each(changes)('from %s to %s becomes plain', (from, to) => {
    const start = transcriptText(from, { tokens: 2, ending: 'unfinished' })
    const later = transcriptText(to, { tokens: 2 })
    expect(summaryOf(start + later)).toEqual({ dialect: 'plain', contentEvents: 0 })
    expect(tapAll(start + later).answerEnd).toBeUndefined()
    expect(tapAll(start + later).isOver).toBe(false)
  })

  it.each(NAMES)('from %s to broken JSON becomes plain', (name) => {
    const start = transcriptText(name, { tokens: 2, ending: 'unfinished' })
    const last = start.trimEnd().split(/\r?\n/).at(-1) ?? ''
    const named = /^event: .*$/m.exec(start.trimEnd().split('\n\n').at(-1) ?? '')?.[0]
    const broken = `${named === undefined ? '' : `${named}\n`}${last.slice(0, -3)}\n\n`
    expect(summaryOf(start + broken)).toEqual({ dialect: 'plain', contentEvents: 0 })
    expect(tapAll(start + broken).answerEnd).toBeUndefined()
  })

  it('not, where a gateway sends comments as data', () => {
    const comment = 'data: : keepalive\n\n'
    expect(tapAll(comment.repeat(20) + HELLO + comment + DONE).answerEnd).toBe('complete')
    expect(tapAll(comment.repeat(20) + HELLO + comment, { guess }).answerEnd).toBe('truncated')
  })

  it('only by words becomes plain, and its later events are not read', () => {
    expect(summaryOf(`${HELLO}data: hello\n\n${DONE}`).dialect).toBe('plain')
    expect(tapAll(`${HELLO}data: hello\n\n${DONE}`).isOver).toBe(false)
  })
})

describe('a dialect that is given', () => {
  it('is taken for that of the stream before its first event', () => {
    const options = { isGiven: true, guess: anthropic }
    expect(summaryOf('', options).dialect).toBe('anthropic')
    expect(tapAll('', options).answerEnd).toBe('truncated')
  })

  it('is given up where the stream is of another one that is known', () => {
    const text = transcriptText('openai-chat')
    const options = { isGiven: true, guess: anthropic }
    expect(summaryOf(text, options).dialect).toBe('plain')
    expect(tapAll(text, options).answerEnd).toBeUndefined()
  })

  it('is none: nothing is read', () => {
    const options = { isGiven: true, guess: plain }
    expect(summaryOf(transcriptText('openai-chat'), options).dialect).toBe('plain')
  })

  it.each([
    ['alone', [words]],
    ['beside others', [words, ...DIALECTS]],
  ])('may be one of your own, %s, also without JSON', (_, dialects) => {
    const isGiven = dialects.length === 1
    const options = { dialects, isGiven, guess: isGiven ? words : plain }
    const word = 'event: word\ndata: hello\n\n'
    const hint = 'event: hint\ndata: {}\n\n'
    expect(tapAll(word + hint + word, options).answerEnd).toBe('truncated')
    expect(tapAll(`${word}data: THE END\n\n`, options).answerEnd).toBe('complete')
    expect(summaryOf(word + hint + word, options)).toEqual({ dialect: 'words', contentEvents: 2 })
    const text = transcriptText('anthropic')
    if (dialects.length > 1) expect(summaryOf(text, options).dialect).toBe('anthropic')
  })
})
