import { type DialectAnswer, OVERLOADED, PROMPT_TOKENS } from './dialect-answer.ts'
import { dataFrame, namedFrame } from './json-frames.ts'
import { openaiResponsesLines } from './openai-responses-lines.ts'

/** The API whose stream a transcript looks like. */
export type TranscriptDialect = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'

/** Returns the frames that an API of the dialect sends for an answer of these tokens. */
export function dialectLines(dialect: TranscriptDialect, words: readonly string[]): DialectAnswer {
  switch (dialect) {
    case 'openai-chat':
      return openaiChat(words)
    case 'openai-responses':
      return openaiResponsesLines(words)
    case 'anthropic':
      return anthropic(words)
    case 'gemini':
      return gemini(words)
    default:
      throw new TypeError(
        `dialect must be "openai-chat", "openai-responses", "anthropic" or "gemini": got ${JSON.stringify(dialect)}`,
      )
  }
}

function openaiChat(words: readonly string[]): DialectAnswer {
  const chunk = (rest: object): string =>
    dataFrame({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_790_000_000,
      model: 'gpt-4o-mini',
      ...rest,
    })
  const choice = (delta: object, finish_reason: string | null = null): string =>
    chunk({ choices: [{ index: 0, delta, finish_reason }], usage: null })
  const usage = {
    prompt_tokens: PROMPT_TOKENS,
    completion_tokens: words.length,
    total_tokens: PROMPT_TOKENS + words.length,
  }
  return {
    contentType: 'text/event-stream; charset=utf-8',
    before: [choice({ role: 'assistant', content: '' })],
    tokens: words.map((content) => choice({ content })),
    after: [choice({}, 'stop'), chunk({ choices: [], usage }), 'data: [DONE]\n\n'],
    error: dataFrame({
      error: { message: OVERLOADED, type: 'server_error', param: null, code: 500 },
    }),
  }
}

function anthropic(words: readonly string[]): DialectAnswer {
  const event = (type: string, rest: object = {}): string => namedFrame(type, { type, ...rest })
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-5-5',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    usage: {
      input_tokens: PROMPT_TOKENS,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: 1,
      service_tier: 'standard',
    },
  }
  return {
    contentType: 'text/event-stream; charset=utf-8',
    before: [
      event('message_start', { message }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping'),
    ],
    tokens: words.map((text) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    after: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null },
        usage: {
          input_tokens: PROMPT_TOKENS,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          output_tokens: words.length,
        },
      }),
      event('message_stop'),
    ],
    error: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  }
}

function gemini(words: readonly string[]): DialectAnswer {
  const chunk = (text: string, candidatesTokenCount: number, rest: object = {}): string =>
    dataFrame(
      {
        candidates: [{ content: { parts: [{ text }], role: 'model' }, ...rest, index: 0 }],
        usageMetadata: {
          promptTokenCount: PROMPT_TOKENS,
          candidatesTokenCount,
          totalTokenCount: PROMPT_TOKENS + candidatesTokenCount,
        },
        modelVersion: 'gemini-2.5-flash',
        responseId: 'response-1',
      },
      '\r\n',
    )
  return {
    contentType: 'text/event-stream',
    before: [],
    tokens: words.map((text, index) => chunk(text, index + 1)),
    after: [chunk('', words.length, { finishReason: 'STOP' })],
    error: dataFrame({ error: { code: 503, message: OVERLOADED, status: 'UNAVAILABLE' } }, '\r\n'),
  }
}
