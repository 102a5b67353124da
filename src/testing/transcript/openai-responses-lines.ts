import {
  type AnswerPlan,
  type DialectAnswer,
  EVENT_STREAM,
  OVERLOADED,
  PROMPT_TOKENS,
  type TranscriptTool,
} from './dialect-answer.ts'
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

/** Returns the frames of an answer as OpenAI's Responses API sends them. Its terminal mark is `response.completed`. */
export function openaiResponsesLines(plan: AnswerPlan): DialectAnswer {
  const { words, reasoning, tools, model = 'gpt-4o-mini', finishReason = 'completed' } = plan
  let sequence_number = 0
  let output_index = 0
  const output: object[] = []
  const event = (type: string, rest: object): string =>
    namedFrame(type, { type, sequence_number: sequence_number++, ...rest })
  const response = (rest: object): object => ({ response: { ...RESPONSE, model, ...rest } })
  const started = response({ status: 'in_progress', output: [], usage: null })
  const added = (item: object): string =>
    event('response.output_item.added', { output_index, item })
  const done = (item: object): string => {
    output.push(item)
    return event('response.output_item.done', { output_index: output_index++, item })
  }
  const head = [event('response.created', started), event('response.in_progress', started)]
  const thoughts = reasoning.length > 0 ? thoughtFrames() : []
  const message = messageFrames()
  // In the place where it would be sent: after the tokens.
  const error = errorFrame(sequence_number - message.after.length)
  const calls = tools.flatMap(callFrames)
  const isComplete = finishReason === 'completed'
  const total = reasoning.length + words.length
  const usage = plan.usage
    ? {
        input_tokens: PROMPT_TOKENS,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: total,
        output_tokens_details: { reasoning_tokens: reasoning.length },
        total_tokens: PROMPT_TOKENS + total,
      }
    : null
  const status = isComplete ? 'completed' : 'incomplete'
  const incomplete_details = isComplete ? null : { reason: finishReason }
  const end = response({ status, incomplete_details, output, usage })
  const isMarked = plan.terminalMark && finishReason !== false
  const isFirst = thoughts.length === 0
  return {
    contentType: EVENT_STREAM,
    before: [...head, ...(isFirst ? message.before : [])],
    tokens: [...thoughts, ...(isFirst ? [] : message.before), ...message.tokens],
    after: [...message.after, ...calls, ...(isMarked ? [event(`response.${status}`, end)] : [])],
    error,
  }

  function messageFrames(): Pick<DialectAnswer, 'before' | 'tokens' | 'after'> {
    const text = words.join('')
    const item = (status: string, content: object[]): object => ({
      id: 'msg_1',
      type: 'message',
      status,
      role: 'assistant',
      content,
    })
    const at = { item_id: 'msg_1', output_index, content_index: 0 }
    const part = (value: string): object => ({
      type: 'output_text',
      text: value,
      annotations: [],
      logprobs: [],
    })
    return {
      before: [
        added(item('in_progress', [])),
        event('response.content_part.added', { ...at, part: part('') }),
      ],
      tokens: words.map((delta) =>
        event('response.output_text.delta', { ...at, delta, logprobs: [] }),
      ),
      after: [
        event('response.output_text.done', { ...at, text, logprobs: [] }),
        event('response.content_part.done', { ...at, part: part(text) }),
        done(item('completed', [part(text)])),
      ],
    }
  }

  function thoughtFrames(): string[] {
    const text = reasoning.join('')
    const item = (summary: object[]): object => ({ id: 'rs_1', type: 'reasoning', summary })
    const at = { item_id: 'rs_1', output_index, summary_index: 0 }
    const part = (value: string): object => ({ part: { type: 'summary_text', text: value } })
    return [
      added(item([])),
      event('response.reasoning_summary_part.added', { ...at, ...part('') }),
      ...reasoning.map((delta) => event('response.reasoning_summary_text.delta', { ...at, delta })),
      event('response.reasoning_summary_text.done', { ...at, text }),
      event('response.reasoning_summary_part.done', { ...at, ...part(text) }),
      done(item([{ type: 'summary_text', text }])),
    ]
  }

  function callFrames({ name, arguments: value }: TranscriptTool, index: number): string[] {
    const json = JSON.stringify(value)
    const item = (status: string, args: string): object => ({
      id: `fc_${index + 1}`,
      type: 'function_call',
      status,
      arguments: args,
      call_id: `call_${index + 1}`,
      name,
    })
    const at = { item_id: `fc_${index + 1}`, output_index }
    return [
      added(item('in_progress', '')),
      event('response.function_call_arguments.delta', { ...at, delta: json }),
      event('response.function_call_arguments.done', { ...at, arguments: json }),
      done(item('completed', json)),
    ]
  }
}

/** The documentation has the fields flat, the API sends them nested too; clients read either. */
function errorFrame(sequence_number: number): string {
  const fault = { code: 'server_error', message: OVERLOADED, param: null }
  const error = { type: 'server_error', ...fault }
  return namedFrame('error', { type: 'error', sequence_number, ...fault, error })
}
