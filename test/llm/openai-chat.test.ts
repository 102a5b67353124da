import { describe, expect, it } from 'vitest'
import type { AnswerTapOptions } from '../../src/llm/answer-tap.ts'
import { openaiChat } from '../../src/llm/openai-chat.ts'
import { chat, chatOf, DONE, frame } from '../support/llm/frames.ts'
import { summaryOf, tapAll } from '../support/llm/tapped.ts'

const asked: Partial<AnswerTapOptions> = { guess: openaiChat }
const HELLO = chat({ role: 'assistant', content: 'Hello' })
const endOf = (...frames: string[]) => tapAll(frames.join(''), asked).answerEnd
const read = (...frames: string[]) => summaryOf(frames.join(''), asked)

describe('a chat completion', () => {
  it.each([
    ['a finish reason and [DONE]', [HELLO, chat({}, 'stop'), DONE], 'complete'],
    ['a finish reason and no [DONE]', [HELLO, chat({}, 'length')], 'complete'],
    ['[DONE] and no finish reason', [HELLO, DONE], 'complete'],
    ['[DONE] alone', [DONE], 'complete'],
    ['neither', [HELLO], 'truncated'],
    ['an empty finish reason', [chat({ content: 'a' }, '')], 'truncated'],
    ['nothing but comments', [': OPENROUTER PROCESSING\n\n'], 'truncated'],
    ['nothing at all', [], 'truncated'],
  ])('with %s', (_, frames, end) => {
    expect(endOf(...frames)).toBe(end)
  })

  it('is complete when every choice has finished, also one whose content was not read', () => {
    const head = chatOf({ choices: [], prompt_filter_results: [] })
    const first = chat({ content: 'a' })
    const second = chat({ content: 'b' }, null, 1)
    expect(endOf(head, first, second, chat({}, 'stop', 1))).toBe('truncated')
    expect(endOf(head, first, second, chat({}, 'stop', 1), chat({}, 'stop'))).toBe('complete')
    expect(endOf(head, second, chat({}, 'stop', 1))).toBe('complete')
  })

  it('of Azure begins without choices, and with filters', () => {
    const head = frame({
      id: '',
      object: '',
      created: 0,
      model: '',
      choices: [],
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
    })
    const filtered = chatOf({
      choices: [{ index: 0, delta: {}, finish_reason: null, content_filter_results: { hate: {} } }],
    })
    expect(read(head, HELLO, filtered, chat({}, 'content_filter'), DONE)).toEqual({
      dialect: 'openai-chat',
      model: 'm',
      finishReason: 'content_filter',
      contentEvents: 1,
    })
  })

  it.each([
    ['in a last chunk without choices', { choices: [], usage: usage({}) }, {}],
    ['of Groq', { choices: [], x_groq: { id: 'r', usage: usage({}) } }, {}],
    ['of Moonshot', { choices: [{ index: 0, delta: {}, usage: usage({ cached_tokens: 4 }) }] }, 4],
    ['of DeepSeek', { choices: [], usage: usage({ prompt_cache_hit_tokens: 0 }) }, 0],
    [
      'of OpenAI',
      { choices: [], usage: usage({ prompt_tokens_details: { cached_tokens: 3 } }) },
      3,
    ],
  ])('states its usage %s', (_, chunk, cached) => {
    const { usage: stated } = read(HELLO, chat({}, 'stop'), chatOf(chunk), DONE)
    expect(stated).toEqual({
      inputTokens: 9,
      outputTokens: 2,
      totalTokens: 11,
      ...(typeof cached === 'number' && { cachedInputTokens: cached }),
    })
  })

  it('counts reasoning and tool calls as content, and states the last usage of many', () => {
    const each = (completion_tokens: number) => ({ usage: usage({ completion_tokens }) })
    const chunk = (delta: object, tokens: number) =>
      chatOf({ choices: [{ index: 0, delta }], ...each(tokens) })
    expect(
      read(
        chunk({ reasoning_content: 'Well' }, 1),
        chunk({ reasoning: 'then' }, 2),
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }, 3),
        chunk({ tool_calls: [{ index: 1, function: { arguments: '{}' } }] }, 4),
        chunk({ content: '' }, 4),
        chat({}, 'tool_calls'),
      ),
    ).toMatchObject({ contentEvents: 4, usage: { outputTokens: 4 } })
  })

  it.each([
    [
      'of OpenAI',
      frame({ error: { message: 'x', type: 'server_error', code: null } }),
      'server_error',
    ],
    ['with a code', frame({ error: { message: 'x', type: 'server_error', code: 500 } }), '500'],
    [
      'of vLLM before 2025',
      frame({ object: 'error', message: 'x', type: 'BadRequest', code: 400 }),
      '400',
    ],
    [
      'of OpenRouter',
      chatOf({
        error: { code: 502, message: 'x' },
        choices: [{ index: 0, delta: {}, finish_reason: 'error' }],
      }),
      '502',
    ],
    ['in a choice', chatOf({ choices: [{ index: 0, delta: {}, error: { code: 502 } }] }), '502'],
    ['of Groq', frame({ error: { message: 'x', type: 'api_error' } }, 'error'), 'api_error'],
    [
      'of Groq in a chunk',
      chatOf({ choices: [], x_groq: { id: 'r', error: 'over capacity' } }),
      'error',
    ],
    ['that is a text', frame({ error: 'overloaded' }), 'error'],
    [
      'of Gemini behind the same API',
      frame({ error: { code: 503, message: 'x', status: 'UNAVAILABLE' } }),
      '503',
    ],
    ['by its name alone', 'event: error\ndata: it broke\n\n', 'error'],
    ['by its name, with JSON', frame({ message: 'it broke' }, 'error'), 'error'],
    ['by its name, with a code', frame({ code: 400, details: 'x' }, 'error'), '400'],
  ])('has failed with an error %s, at its start and later', (_, error, upstreamErrorType) => {
    for (const frames of [[error], [HELLO, error], [HELLO, error, DONE]]) {
      expect(endOf(...frames)).toBe('upstream_error')
      expect(read(...frames)).toMatchObject({ dialect: 'openai-chat', upstreamErrorType })
    }
  })

  it('takes no text for what it quotes', () => {
    const quoted = '{"choices":[{"finish_reason":"stop"}],"error":{"message":"x"}} \\" [DONE]'
    expect(endOf(HELLO, chat({ content: quoted }), chat({ content: '[DONE]' }))).toBe('truncated')
    const nested = { tool_calls: [{ index: 0, function: { arguments: quoted } }] }
    expect(endOf(HELLO, chat(nested))).toBe('truncated')
  })

  it('is read from text completions too', () => {
    const text = (rest: object) =>
      frame({ id: 'c', object: 'text_completion', model: 'm', ...rest })
    const first = text({ choices: [{ index: 0, text: 'Hello', finish_reason: null }] })
    expect(endOf(first, first)).toBe('truncated')
    expect(
      read(first, first, text({ choices: [{ index: 0, text: '', finish_reason: 'length' }] })),
    ).toEqual({ dialect: 'openai-chat', model: 'm', finishReason: 'length', contentEvents: 2 })
  })

  it.each([
    { choices: ['yes', 'no'] },
    { choices: [{ label: 'yes' }] },
    { choices: [] },
    { error: null },
    { error: { reason: 'full' } },
    { error: 'full' },
  ])('is not seen in an event of an application: %j', (value) => {
    expect(summaryOf(frame(value)).dialect).toBe('plain')
  })

  it('is taken apart', () => {
    const parts = (rest: object) => openaiChat.parts('', { choices: [], ...rest }, '')
    const delta = (delta: object, rest = {}) => parts({ choices: [{ index: 1, delta, ...rest }] })
    expect(delta({ content: 'a', reasoning: 'b', reasoning_content: 'b' })).toEqual([
      { type: 'reasoning', choice: 1, text: 'b' },
      { type: 'text', choice: 1, text: 'a' },
    ])
    const mistral = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
      { type: 'text', text: 'so' },
    ]
    expect(delta({ content: mistral })).toEqual([
      { type: 'reasoning', choice: 1, text: 'hm' },
      { type: 'text', choice: 1, text: 'so' },
    ])
    const call = { index: 2, id: 'i', function: { name: 'f', arguments: '{' } }
    expect(delta({ tool_calls: [call] }, { finish_reason: 'tool_calls' })).toEqual([
      { type: 'tool-call', choice: 1, index: 2, id: 'i', name: 'f', arguments: '{' },
      { type: 'finish', choice: 1, reason: 'tool_calls' },
    ])
    expect(parts({ usage: { prompt_tokens: 0 } })).toEqual([
      { type: 'usage', usage: { inputTokens: 0 } },
    ])
    expect(parts({ object: 'error', message: 'x', code: 400 })).toEqual([
      { type: 'error', errorType: '400', message: 'x' },
    ])
    expect(openaiChat.parts('', undefined, '[DONE]')).toEqual([])
  })
})

function usage(rest: object): object {
  return { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11, ...rest }
}
