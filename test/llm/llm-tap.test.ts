import fc from 'fast-check'
import { chunkings, type TranscriptDialect, type TranscriptOptions } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { DIALECTS } from '../../src/llm/dialects.ts'
import { openaiChat } from '../../src/llm/openai-chat.ts'
import { plain } from '../../src/llm/plain.ts'
import { answerOracle } from '../support/llm/answer-oracle.ts'
import { summaryOf, Tapped, tapAll } from '../support/llm/tapped.ts'
import { transcriptText } from '../support/llm/transcript-bytes.ts'
import { warningsDuring } from '../support/warnings-during.ts'

const NAMES = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
const QUOTED =
  'A data: [DONE]\n\n "finish_reason":"stop" {"type":"message_stop"} \\" "usage":{"a":1},"error":{} "finishReason":"STOP"'
const TOOLS = [
  { name: 'find', arguments: { q: '"finish_reason":"stop"' } },
  { name: 'read', arguments: { choices: [{ finish_reason: 'stop' }], error: { message: 'x' } } },
]
const KINDS: readonly (readonly [string, TranscriptOptions])[] = [
  ['a text', { tokens: 3 }],
  ['text that quotes the protocol', { text: QUOTED }],
  ['reasoning and tools', { tokens: 1, reasoning: 'I think 世界', tools: TOOLS }],
  ['no terminal mark and no usage', { tokens: 2, terminalMark: false, usage: false }],
  ['no finish reason', { tokens: 2, finishReason: false }],
  ['a finish reason of its own', { tokens: 1, finishReason: 'length' }],
  ['an error', { tokens: 2, ending: 'error' }],
  ['no end', { tokens: 2, ending: 'unfinished' }],
]
const AS_SENT = 'as sent'
const FORMS: readonly (readonly [string, (text: string) => string])[] = [
  [AS_SENT, (text) => text],
  ['with CRLF', (text) => text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')],
  ['with CR', (text) => text.replaceAll('\r\n', '\n').replaceAll('\n', '\r')],
  [
    'with a byte order mark, comments, ids and no spaces',
    (text) =>
      `\ufeff${text.replaceAll(/^data: /gm, 'data:').replaceAll(/(\r?\n){2}/g, '$1: data: {}$1id: 1$1$1: hi$1')}: bye\n`,
  ],
]
const utf8 = new TextEncoder()
const dialectOf = (name: string) => DIALECTS.find((dialect) => dialect.name === name) ?? plain

function kindsOf(dialect: TranscriptDialect): readonly (readonly [string, TranscriptOptions])[] {
  if (dialect !== 'openai-chat' && dialect !== 'gemini') return KINDS
  return [...KINDS, ['three choices', { tokens: 2, choices: 3 }]]
}

describe.each(NAMES)('a stream of %s that is cut at every byte', (name) => {
  describe.each(kindsOf(name))('of %s', (_, options) => {
    it.each(FORMS)('ends as its whole events say, %s', (how, form) => {
      const bytes = utf8.encode(form(transcriptText(name, options)))
      const oracle = answerOracle(name)
      const guess = dialectOf(name)
      const byByte = new Tapped({ guess })
      for (let end = 0; end <= bytes.length; end++) {
        const whole = oracle(bytes.subarray(0, end))
        const message = `cut at ${end}`
        if (byByte.tap.answerEnd !== whole) expect(byByte.tap.answerEnd, message).toBe(whole)
        if (how === AS_SENT) {
          const inOne = tapAll([bytes.subarray(0, end)], { guess }).answerEnd
          if (inOne !== whole) expect(inOne, message).toBe(whole)
        }
        if (end < bytes.length) byByte.push(bytes.subarray(end, end + 1))
      }
      byByte.end()
      expect(Buffer.concat(byByte.out).equals(bytes)).toBe(true)
    })
  })
})

describe.each(NAMES)('a stream of %s', (name) => {
  it.each(kindsOf(name))('of %s has one summary for any split into chunks', (_, options) => {
    const bytes = utf8.encode(transcriptText(name, options))
    const whole = summaryOf([bytes])
    expect(whole.dialect).toBe(name)
    for (const { name: how, chunks } of chunkings(bytes, { seed: 3 })) {
      expect(summaryOf(chunks), how).toEqual(whole)
    }
    const cuts = fc.uniqueArray(fc.nat(bytes.length), { maxLength: 40 })
    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places.sort((a, b) => a - b), bytes.length]
        const chunks = ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end))
        expect(summaryOf(chunks)).toEqual(whole)
      }),
      { numRuns: 15 },
    )
  })

  it('states what the transcript does', () => {
    const options = { reasoning: 'Let me see', tokens: 4, tools: TOOLS, model: 'a-model' }
    const { contentEvents, ...summary } = summaryOf(transcriptText(name, options))
    const [reason] = {
      'openai-chat': ['tool_calls'],
      'openai-responses': ['completed'],
      anthropic: ['tool_use'],
      gemini: ['STOP'],
    }[name]
    expect(summary).toMatchObject({
      dialect: name,
      model: 'a-model',
      finishReason: reason,
      usage: { inputTokens: 9, outputTokens: name === 'gemini' ? 4 : 7 },
    })
    if (name !== 'anthropic') {
      expect(summary.usage).toMatchObject({ reasoningTokens: 3, totalTokens: 16 })
    }
    expect(contentEvents).toBeGreaterThanOrEqual(9)
  })

  it('states no usage where there is none', () => {
    const { usage } = summaryOf(transcriptText(name, { usage: false }))
    expect(usage).toBeUndefined()
  })

  it('is recognized under any path, and where another API was asked for', () => {
    const text = transcriptText(name)
    for (const guess of [plain, ...DIALECTS.filter(({ format }) => format === undefined)]) {
      expect(summaryOf(text, { guess })).toMatchObject({ dialect: name })
      expect(tapAll(text, { guess }).answerEnd).toBe('complete')
    }
  })

  it('is complete with events of several data lines, and with events over a megabyte', () => {
    const split = transcriptText(name, { tokens: 2 }).replaceAll(/,"/g, ',\ndata: "')
    expect(tapAll(split).answerEnd).toBe('complete')
    expect(summaryOf(split)).toEqual(summaryOf(transcriptText(name, { tokens: 2 })))
    const long = transcriptText(name, { text: `${'x'.repeat(1_500_000)} "usage": y` })
    expect(tapAll(long).answerEnd).toBe('complete')
    expect(summaryOf(long)).toMatchObject({ dialect: name, usage: { outputTokens: 3 } })
  })
})

describe('an LLM tap', () => {
  it('searches a chunk once, whichever its line ends are', () => {
    for (const lineEnd of ['\r', '\n']) {
      const frames = utf8.encode(`${`data: a${lineEnd}`.repeat(2000)}${lineEnd}`)
      let searches = 0
      frames.indexOf = (byte: number, from?: number) => {
        const found = Uint8Array.prototype.indexOf.call(frames, byte, from)
        if (found < 0) searches++
        return found
      }
      const { tap } = new Tapped()
      tap.push(frames)
      expect(searches, JSON.stringify(lineEnd)).toBeLessThan(5)
    }
  })

  it('reports a dialect that throws, and passes the stream on as a plain one', async () => {
    const text = transcriptText('openai-chat')
    const fails = (): never => {
      throw new Error('of the dialect')
    }
    for (const method of ['recognizes', 'read', 'triage', 'triage of the only one'] as const) {
      const own = { ...openaiChat, name: 'own', [method.split(' ')[0] as 'triage']: fails }
      const isGiven = method.endsWith('one')
      const tapped = new Tapped({ dialects: [own, openaiChat], guess: own, isGiven })
      const [warning] = await warningsDuring(() => {
        tapped.push(utf8.encode(text))
        tapped.end()
      })
      expect(warning?.message).toContain('failed; the stream was not affected')
      expect(Buffer.concat(tapped.out).toString()).toBe(text)
      expect(tapped.tap.summary()).toEqual({ dialect: 'plain', contentEvents: 0 })
      expect(tapped.tap.answerEnd).toBeUndefined()
    }
  })

  it('fails a truncated answer at its end where that is wanted', () => {
    const text = transcriptText('anthropic', { ending: 'unfinished' })
    expect(() => tapAll(text, { failsTruncated: true })).toThrow('dialect anthropic ended without')
    expect(() => tapAll('data: 1\n\n', { failsTruncated: true })).not.toThrow()
    expect(() => tapAll(transcriptText('anthropic'), { failsTruncated: true })).not.toThrow()
  })

  it('tells the time of content, once a chunk, and of the first in its summary', () => {
    const times: number[] = []
    const requestedAt = performance.now()
    const onContent = (now: number): void => void times.push(now)
    const tap = tapAll(transcriptText('openai-chat'), { requestedAt, onContent })
    expect(times).toHaveLength(1)
    expect(tap.summary().firstContentMs).toBe((times[0] ?? 0) - requestedAt)
    expect(tapAll(transcriptText('openai-chat', { tokens: 0 })).summary()).not.toHaveProperty(
      'firstContentMs',
    )
  })

  it('reads the first event behind a byte order mark, and no later one', () => {
    const first = `\ufeff${transcriptText('gemini', { tokens: 0 })}`
    expect(tapAll(first).answerEnd).toBe('complete')
    expect(tapAll(`data: 1\n\n${first}`).answerEnd).toBeUndefined()
  })

  it('does not read an event that ends with the stream', () => {
    const text = transcriptText('anthropic')
    expect(tapAll(text.slice(0, -1)).answerEnd).toBe('truncated')
    expect(tapAll(text).answerEnd).toBe('complete')
  })
})
