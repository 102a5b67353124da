import { type DialectAnswer, OVERLOADED, PROMPT_TOKENS } from './dialect-answer.ts'
import { namedFrame } from './json-frames.ts'

/** Every field that strict schemas of clients require, with the API's defaults. */
const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_790_000_000,
  background: false,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: 'gpt-4o-mini',
  parallel_tool_calls: true,
  previous_response_id: null,
  reasoning: { effort: null, summary: null },
  service_tier: 'default',
  store: true,
  temperature: 1,
  text: { format: { type: 'text' } },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
  metadata: {},
} as const

/** Returns the frames of an answer as OpenAI's Responses API sends them. */
export function openaiResponsesLines(words: readonly string[]): DialectAnswer {
  let sequence_number = 0
  const event = (type: string, rest: object): string =>
    namedFrame(type, { type, sequence_number: sequence_number++, ...rest })
  const text = words.join('')
  const response = (rest: object): object => ({ response: { ...RESPONSE, ...rest } })
  const started = response({ status: 'in_progress', output: [], usage: null })
  const item = (status: string, content: object[]): object => ({
    id: 'msg_1',
    type: 'message',
    status,
    role: 'assistant',
    content,
  })
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }
  const part = (value: string): object => ({
    type: 'output_text',
    text: value,
    annotations: [],
    logprobs: [],
  })
  const before = [
    event('response.created', started),
    event('response.in_progress', started),
    event('response.output_item.added', { output_index: 0, item: item('in_progress', []) }),
    event('response.content_part.added', { ...at, part: part('') }),
  ]
  const tokens = words.map((delta) =>
    event('response.output_text.delta', { ...at, delta, logprobs: [] }),
  )
  // The documentation has the fields flat, the API sends them nested too; clients read either.
  const fault = { code: 'server_error', message: OVERLOADED, param: null }
  const error = namedFrame('error', {
    type: 'error',
    sequence_number,
    ...fault,
    error: { type: 'server_error', ...fault },
  })
  const done = item('completed', [part(text)])
  const usage = {
    input_tokens: PROMPT_TOKENS,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: words.length,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: PROMPT_TOKENS + words.length,
  }
  const after = [
    event('response.output_text.done', { ...at, text, logprobs: [] }),
    event('response.content_part.done', { ...at, part: part(text) }),
    event('response.output_item.done', { output_index: 0, item: done }),
    event('response.completed', response({ status: 'completed', output: [done], usage })),
  ]
  return { contentType: 'text/event-stream; charset=utf-8', before, tokens, after, error }
}
