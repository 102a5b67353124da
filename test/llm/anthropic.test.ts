import { describe, expect, it } from 'vitest'
import { anthropic } from '../../src/llm/anthropic.ts'
import { frame } from '../support/llm/frames.ts'
import { summaryOf, tapAll } from '../support/llm/tapped.ts'

const event = (type: string, rest: object = {}) => frame({ type, ...rest }, type)
const START = event('message_start', {
  message: { model: 'c', usage: { input_tokens: 9, cache_read_input_tokens: 0, output_tokens: 1 } },
})
const TEXT = event('content_block_delta', {
  index: 0,
  delta: { type: 'text_delta', text: '{"type":"message_stop"}' },
})
const ended = (usage: object) =>
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage })
const STOP = event('message_stop')
const guess = anthropic
const endOf = (...frames: string[]) => tapAll(frames.join(''), { guess }).answerEnd
const read = (...frames: string[]) => summaryOf(frames.join(''), { guess })

describe('a message', () => {
  it('is complete with message_stop, and not with a stop reason', () => {
    expect(endOf(START, TEXT)).toBe('truncated')
    expect(endOf(START, TEXT, ended({ output_tokens: 5 }))).toBe('truncated')
    expect(endOf(START, TEXT, STOP)).toBe('complete')
    expect(endOf(event('ping'), event('ping'))).toBe('truncated')
  })

  it('states the usage of its start, then what its deltas say anew', () => {
    expect(read(START, TEXT).usage).toEqual({ inputTokens: 9, cachedInputTokens: 0 })
    const frames = [
      START,
      TEXT,
      ended({ output_tokens: 5 }),
      ended({ output_tokens: 7, input_tokens: 20 }),
    ]
    expect(read(...frames, STOP)).toEqual({
      dialect: 'anthropic',
      model: 'c',
      finishReason: 'end_turn',
      usage: { inputTokens: 20, cachedInputTokens: 0, outputTokens: 7 },
      contentEvents: 1,
    })
    const nulls = ended({ output_tokens: 5, cache_read_input_tokens: null })
    expect(read(START, nulls).usage).toEqual({
      inputTokens: 9,
      cachedInputTokens: 0,
      outputTokens: 5,
    })
  })

  it('passes unknown events, also ones that objects have as properties, and heartbeats', () => {
    const odd = ['constructor', 'toString', 'content_block_hint'].map((name) => frame([], name))
    const pings = Array.from({ length: 40 }, () => event('ping'))
    expect(read(...pings, START, ...odd, ...pings, TEXT, STOP)).toMatchObject({
      dialect: 'anthropic',
      contentEvents: 1,
    })
    expect(endOf(...pings, START, ...odd, ...pings, TEXT, STOP)).toBe('complete')
  })

  it.each(['', 'event: message\n'])('is read without its event names: %j', (line) => {
    const bare = (text: string) => text.replaceAll(/^event: .*\n/gm, line)
    expect(endOf(bare(START), bare(TEXT))).toBe('truncated')
    expect(endOf(bare(START), bare(TEXT), bare(STOP))).toBe('complete')
    expect(read(bare(START), bare(TEXT)).contentEvents).toBe(1)
  })

  it.each([
    [
      'of its own',
      event('error', { error: { type: 'overloaded_error', message: 'x' } }),
      'overloaded_error',
    ],
    ['in the form of chat completions', frame({ error: { message: 'x', code: 500 } }), '500'],
    [
      'in that form, under its own name',
      frame({ error: { message: 'x', code: 500 } }, 'error'),
      '500',
    ],
    [
      'in the form of Gemini',
      frame({ error: { code: 503, message: 'x', status: 'UNAVAILABLE' } }),
      'UNAVAILABLE',
    ],
    ['that is a text', 'event: error\ndata: it broke\n\n', 'error'],
  ])('has failed with an error %s', (_, error, upstreamErrorType) => {
    expect(endOf(START, TEXT, error)).toBe('upstream_error')
    expect(read(START, TEXT, error)).toMatchObject({ dialect: 'anthropic', upstreamErrorType })
    expect(endOf(error)).toBe('upstream_error')
  })

  it('is taken apart', () => {
    const parts = (type: string, rest: object = {}) => anthropic.parts(type, { type, ...rest }, '')
    const delta = (delta: object) => parts('content_block_delta', { index: 2, delta })
    expect(delta({ type: 'text_delta', text: 'a' })).toEqual([
      { type: 'text', choice: 0, text: 'a' },
    ])
    expect(delta({ type: 'thinking_delta', thinking: 'b' })).toEqual([
      { type: 'reasoning', choice: 0, text: 'b' },
    ])
    expect(delta({ type: 'input_json_delta', partial_json: '{' })).toEqual([
      { type: 'tool-call', choice: 0, index: 2, arguments: '{' },
    ])
    expect(delta({ type: 'signature_delta', signature: 's' })).toEqual([])
    const content_block = { type: 'tool_use', id: 'i', name: 'f', input: {} }
    expect(parts('content_block_start', { index: 2, content_block })).toEqual([
      { type: 'tool-call', choice: 0, index: 2, id: 'i', name: 'f', arguments: '' },
    ])
    const end = { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }
    expect(parts('message_delta', end)).toEqual([
      { type: 'usage', usage: { outputTokens: 5 } },
      { type: 'finish', choice: 0, reason: 'end_turn' },
    ])
    expect(parts('error', { error: { type: 'overloaded_error', message: 'x' } })).toEqual([
      { type: 'error', errorType: 'overloaded_error', message: 'x' },
    ])
    expect(parts('ping')).toEqual([])
  })
})
