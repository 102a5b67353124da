import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../src/llm/openai-responses.ts'
import { frame } from '../support/llm/frames.ts'
import { summaryOf, tapAll } from '../support/llm/tapped.ts'

const event = (type: string, rest: object = {}) => frame({ type, ...rest }, type)
const response = (type: string, rest: object = {}) =>
  event(`response.${type}`, { response: { id: 'r', model: 'm', ...rest } })
const CREATED = response('created', { status: 'in_progress', usage: null })
const DELTA = event('response.output_text.delta', { delta: 'Hello "response.completed"' })
const guess = openaiResponses
const endOf = (...frames: string[]) => tapAll(frames.join(''), { guess }).answerEnd
const read = (...frames: string[]) => summaryOf(frames.join(''), { guess })

describe('a response', () => {
  it.each([
    ['completed', { status: 'completed' }, 'complete', 'completed'],
    ['incomplete', { status: 'incomplete' }, 'complete', 'incomplete'],
    [
      'incomplete',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      'complete',
      'max_output_tokens',
    ],
    ['failed', { status: 'failed', error: { code: 'rate_limit' } }, 'upstream_error', 'failed'],
    ['in_progress', { status: 'in_progress' }, 'truncated', undefined],
  ] as const)('that is %s: %j', (type, rest, end, finishReason) => {
    const frames = [CREATED, DELTA, response(type, rest)]
    expect(endOf(...frames)).toBe(end)
    expect(read(...frames).finishReason).toBe(finishReason)
  })

  it('is truncated with [DONE] alone, which its API does not send', () => {
    expect(endOf(CREATED, DELTA, 'data: [DONE]\n\n')).toBe('truncated')
    expect(endOf(CREATED, response('completed', {}), 'data: [DONE]\n\n')).toBe('complete')
  })

  it('states model and usage', () => {
    const usage = {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 3 },
      total_tokens: 14,
    }
    expect(
      read(CREATED, DELTA, DELTA, response('completed', { status: 'completed', usage })),
    ).toEqual({
      dialect: 'openai-responses',
      model: 'm',
      finishReason: 'completed',
      usage: {
        inputTokens: 9,
        outputTokens: 5,
        totalTokens: 14,
        cachedInputTokens: 0,
        reasoningTokens: 3,
      },
      contentEvents: 2,
    })
  })

  it('is read without event names too', () => {
    const bare = (text: string) => text.replaceAll(/^event: .*\n/gm, '')
    expect(endOf(bare(CREATED), bare(DELTA))).toBe('truncated')
    expect(endOf(bare(CREATED), bare(DELTA), bare(response('completed')))).toBe('complete')
    expect(read(bare(CREATED), bare(DELTA), bare(DELTA)).contentEvents).toBe(2)
  })

  it.each([
    [
      'flat',
      event('error', { code: 'server_error', message: 'x', sequence_number: 3 }),
      'server_error',
    ],
    [
      'nested',
      event('error', { error: { type: 'server_error', message: 'x' }, sequence_number: 3 }),
      'server_error',
    ],
    ['without a type in its data', frame({ code: 'c', message: 'x' }, 'error'), 'c'],
    ['with nothing of use', frame({}, 'error'), 'error'],
    ['of a failed response', response('failed', { error: { code: 'c', message: 'x' } }), 'c'],
    ['in the form of chat completions', frame({ error: { message: 'x', code: 500 } }), '500'],
  ])('has failed with an error, %s', (_, error, upstreamErrorType) => {
    for (const frames of [[error], [CREATED, DELTA, error]]) {
      expect(endOf(...frames)).toBe('upstream_error')
      expect(read(...frames)).toMatchObject({ upstreamErrorType })
    }
    expect(read(CREATED, error).dialect).toBe('openai-responses')
  })

  it('is told from a message by its errors too', () => {
    const nested = event('error', { error: { type: 'tokens', message: 'x' }, sequence_number: 2 })
    const flat = event('error', { code: 'c', message: 'x' })
    for (const error of [nested, flat]) expect(summaryOf(error).dialect).toBe('openai-responses')
    const other = event('error', { error: { type: 'overloaded_error', message: 'x' } })
    expect(summaryOf(other).dialect).toBe('anthropic')
  })

  it('is taken apart', () => {
    const parts = (type: string, rest: object = {}) =>
      openaiResponses.parts(type, { type, ...rest }, '')
    expect(parts('response.output_text.delta', { delta: 'a' })).toEqual([
      { type: 'text', choice: 0, text: 'a' },
    ])
    expect(parts('response.reasoning_summary_text.delta', { delta: 'b' })).toEqual([
      { type: 'reasoning', choice: 0, text: 'b' },
    ])
    const item = { type: 'function_call', call_id: 'i', name: 'f' }
    expect(parts('response.output_item.added', { output_index: 1, item })).toEqual([
      { type: 'tool-call', choice: 0, index: 1, id: 'i', name: 'f', arguments: '' },
    ])
    const piece = { output_index: 1, delta: '{' }
    expect(parts('response.function_call_arguments.delta', piece)).toEqual([
      { type: 'tool-call', choice: 0, index: 1, arguments: '{' },
    ])
    const ended = { response: { status: 'completed', usage: { output_tokens: 1 } } }
    expect(parts('response.completed', ended)).toEqual([
      { type: 'usage', usage: { outputTokens: 1 } },
      { type: 'finish', choice: 0, reason: 'completed' },
    ])
    expect(parts('response.failed', { response: { error: { code: 'c', message: 'x' } } })).toEqual([
      { type: 'error', errorType: 'c', message: 'x' },
    ])
    expect(parts('response.output_text.done', { text: 'a' })).toEqual([])
  })
})
