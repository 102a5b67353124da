/** Whose stream a transcript looks like. */
export type TranscriptDialect = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'

/** The frames of one answer, in the order of the wire. */
export interface DialectLines {
  contentType: string
  before: string[]
  tokens: string[]
  after: string[]
  /** In place of `after`. */
  error: string
}

const PROMPT_TOKENS = 9
const MESSAGE = 'The model is overloaded'

/** The frames that an API of that dialect sends for an answer of these tokens. */
export function dialectLines(dialect: TranscriptDialect, words: readonly string[]): DialectLines {
  switch (dialect) {
    case 'openai-chat':
      return openaiChat(words)
    case 'openai-responses':
      return openaiResponses(words)
    case 'anthropic':
      return anthropic(words)
    case 'gemini':
      return gemini(words)
    default:
      throw new TypeError(
        `Cannot write a transcript as the dialect must be "openai-chat", "openai-responses", "anthropic" or "gemini": current value is ${JSON.stringify(dialect)}`,
      )
  }
}

function openaiChat(words: readonly string[]): DialectLines {
  const chunk = (rest: object): string =>
    data({
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
    error: data({ error: { message: MESSAGE, type: 'server_error', param: null, code: 500 } }),
  }
}

function openaiResponses(words: readonly string[]): DialectLines {
  let sequence_number = 0
  const event = (type: string, rest: object): string =>
    named(type, { type, sequence_number: sequence_number++, ...rest })
  const text = words.join('')
  const response = (status: string, rest: object = {}): object => ({
    response: { id: 'resp_1', object: 'response', model: 'gpt-4o-mini', status, ...rest },
  })
  const item = (status: string, content: object[]): object => ({
    output_index: 0,
    item: { id: 'msg_1', type: 'message', status, role: 'assistant', content },
  })
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  const part = (value: string): object => ({ type: 'output_text', text: value, annotations: [] })
  const before = [
    event('response.created', response('in_progress')),
    event('response.in_progress', response('in_progress')),
    event('response.output_item.added', item('in_progress', [])),
    event('response.content_part.added', { ...at, part: part('') }),
  ]
  const tokens = words.map((delta) =>
    event('response.output_text.delta', { ...at, delta, logprobs: [] }),
  )
  const error = named('error', {
    type: 'error',
    code: 'server_error',
    message: MESSAGE,
    param: null,
    sequence_number,
  })
  const usage = {
    input_tokens: PROMPT_TOKENS,
    output_tokens: words.length,
    total_tokens: PROMPT_TOKENS + words.length,
  }
  const after = [
    event('response.output_text.done', { ...at, text, logprobs: [] }),
    event('response.content_part.done', { ...at, part: part(text) }),
    event('response.output_item.done', item('completed', [part(text)])),
    event('response.completed', response('completed', { usage })),
  ]
  return { contentType: 'text/event-stream; charset=utf-8', before, tokens, after, error }
}

function anthropic(words: readonly string[]): DialectLines {
  const event = (type: string, rest: object = {}): string => named(type, { type, ...rest })
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: PROMPT_TOKENS, output_tokens: 1 },
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
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: words.length },
      }),
      event('message_stop'),
    ],
    error: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  }
}

function gemini(words: readonly string[]): DialectLines {
  const chunk = (text: string, candidatesTokenCount: number, rest: object = {}): string =>
    data(
      {
        candidates: [{ content: { parts: [{ text }], role: 'model' }, ...rest, index: 0 }],
        usageMetadata: {
          promptTokenCount: PROMPT_TOKENS,
          candidatesTokenCount,
          totalTokenCount: PROMPT_TOKENS + candidatesTokenCount,
        },
        modelVersion: 'gemini-2.5-flash',
      },
      '\r\n',
    )
  return {
    contentType: 'text/event-stream',
    before: [],
    tokens: words.map((text, index) => chunk(text, index + 1)),
    after: [chunk('', words.length, { finishReason: 'STOP' })],
    error: data({ error: { code: 503, message: MESSAGE, status: 'UNAVAILABLE' } }, '\r\n'),
  }
}

function data(value: object, lineEnd = '\n'): string {
  return `data: ${JSON.stringify(value)}${lineEnd}${lineEnd}`
}

function named(event: string, value: object): string {
  return `event: ${event}\n${data(value)}`
}
