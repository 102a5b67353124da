import { describe, expect, it } from 'vitest'
import { gemini } from '../../src/llm/gemini.ts'
import { frame } from '../support/llm/frames.ts'
import { summaryOf, tapAll } from '../support/llm/tapped.ts'

const candidate = (text: string, rest: object = {}) => ({
  content: { parts: [{ text }], role: 'model' },
  ...rest,
})
const chunk = (candidates: readonly object[], rest: object = {}) =>
  frame({ candidates, modelVersion: 'g', ...rest })
const HELLO = chunk([candidate('Hello "finishReason":"STOP"')])
const guess = gemini
const endOf = (...frames: string[]) => tapAll(frames.join(''), { guess }).answerEnd
const read = (...frames: string[]) => summaryOf(frames.join(''), { guess })

describe('an answer of Gemini', () => {
  it.each([
    ['STOP', 'complete'],
    ['MAX_TOKENS', 'complete'],
    ['SAFETY', 'complete'],
    ['FINISH_REASON_UNSPECIFIED', 'truncated'],
    ['', 'truncated'],
  ])('with the finish reason %j', (finishReason, end) => {
    const frames = [HELLO, chunk([candidate('', { finishReason })])]
    expect(endOf(...frames)).toBe(end)
    expect(read(...frames).finishReason).toBe(end === 'complete' ? finishReason : undefined)
  })

  it('is complete without a candidate if the prompt was blocked', () => {
    const blocked = frame({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: {} })
    expect(endOf(blocked)).toBe('complete')
    expect(read(blocked)).toEqual({ dialect: 'gemini', finishReason: 'SAFETY', contentEvents: 0 })
    expect(endOf(frame({ promptFeedback: { safetyRatings: [] } }))).toBe('truncated')
  })

  it('is complete when every candidate has finished', () => {
    const at = (index: number, finishReason?: string) =>
      chunk([candidate('a', { index, finishReason })])
    expect(endOf(at(0), at(1), at(0, 'STOP'))).toBe('truncated')
    expect(endOf(at(0), at(1), at(0, 'STOP'), at(1, 'STOP'))).toBe('complete')
  })

  it('states the usage of its last chunk, and counts thoughts and calls as content', () => {
    const usage = (candidatesTokenCount: number) => ({
      usageMetadata: { promptTokenCount: 9, candidatesTokenCount, thoughtsTokenCount: 1 },
    })
    const parts = (...parts: object[]) => chunk([{ content: { parts } }], usage(1))
    expect(
      read(
        parts({ text: 'hm', thought: true }),
        parts({ functionCall: { name: 'f', args: {} } }),
        parts({ text: '', thoughtSignature: 's' }),
        chunk([candidate('', { finishReason: 'STOP' })], usage(2)),
      ),
    ).toEqual({
      dialect: 'gemini',
      model: 'g',
      finishReason: 'STOP',
      usage: { inputTokens: 9, outputTokens: 2, reasoningTokens: 1 },
      contentEvents: 2,
    })
  })

  it('has failed with its own error, and with one of chat completions', () => {
    const error = frame({ error: { code: 503, message: 'x', status: 'UNAVAILABLE' } })
    for (const frames of [[error], [HELLO, error]]) {
      expect(endOf(...frames)).toBe('upstream_error')
      expect(read(...frames)).toMatchObject({ dialect: 'gemini', upstreamErrorType: 'UNAVAILABLE' })
    }
    expect(endOf(HELLO, frame({ error: { message: 'x', type: 'server_error' } }))).toBe(
      'upstream_error',
    )
  })

  it('is taken apart', () => {
    const parts = [
      { text: 'hm', thought: true },
      { text: 'a' },
      { functionCall: { name: 'f', args: { q: 1 } } },
    ]
    const candidates = [{ content: { parts }, finishReason: 'STOP', index: 1 }]
    const json = { candidates, usageMetadata: { promptTokenCount: 9 } }
    expect(gemini.parts('', json, '')).toEqual([
      { type: 'reasoning', choice: 1, text: 'hm' },
      { type: 'text', choice: 1, text: 'a' },
      { type: 'tool-call', choice: 1, name: 'f', id: undefined, arguments: '{"q":1}' },
      { type: 'finish', choice: 1, reason: 'STOP' },
      { type: 'usage', usage: { inputTokens: 9 } },
    ])
    expect(gemini.parts('', { promptFeedback: { blockReason: 'OTHER' } }, '')).toEqual([
      { type: 'finish', choice: 0, reason: 'OTHER' },
    ])
    expect(gemini.parts('', { error: { code: 503, message: 'x' } }, '')).toEqual([
      { type: 'error', errorType: '503', message: 'x' },
    ])
  })
})
