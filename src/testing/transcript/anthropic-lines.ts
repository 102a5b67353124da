import {
  type AnswerPlan,
  type DialectAnswer,
  EVENT_STREAM,
  PROMPT_TOKENS,
} from './dialect-answer.ts'
import { namedFrame } from './json-frames.ts'

/** Returns the frames of an answer as Anthropic's Messages API sends them. */
export function anthropicLines(plan: AnswerPlan): DialectAnswer {
  const { words, reasoning, tools, model = 'claude-sonnet-5-5', terminalMark } = plan
  const { finishReason = tools.length > 0 ? 'tool_use' : 'end_turn' } = plan
  const event = (type: string, rest: object = {}): string => namedFrame(type, { type, ...rest })
  const usageOf = (output_tokens: number, rest: object = {}): object =>
    plan.usage
      ? {
          usage: {
            input_tokens: PROMPT_TOKENS,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
            output_tokens,
            ...rest,
          },
        }
      : {}
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    ...usageOf(1, { service_tier: 'standard' }),
  }
  let blocks = 0
  const start = (content_block: object): string =>
    event('content_block_start', { index: blocks, content_block })
  const delta = (delta: object): string => event('content_block_delta', { index: blocks, delta })
  const stop = (): string => event('content_block_stop', { index: blocks++ })
  const block = (content_block: object, deltas: readonly object[]): string[] => [
    start(content_block),
    ...deltas.map(delta),
    stop(),
  ]
  const tokens: string[] = []
  if (reasoning.length > 0) {
    const thoughts = reasoning.map((thinking) => ({ type: 'thinking_delta', thinking }))
    const signature = { type: 'signature_delta', signature: 'c2lnbmF0dXJl' }
    const empty = { type: 'thinking', thinking: '', signature: '' }
    tokens.push(...block(empty, [...thoughts, signature]))
  }
  const textStart = start({ type: 'text', text: '' })
  const texts = words.map((text) => delta({ type: 'text_delta', text }))
  const textStop = stop()
  const calls = tools.flatMap(({ name, arguments: input }, index) =>
    block({ type: 'tool_use', id: `toolu_${index + 1}`, name, input: {} }, [
      { type: 'input_json_delta', partial_json: '' },
      { type: 'input_json_delta', partial_json: JSON.stringify(input) },
    ]),
  )
  const isFirst = tokens.length === 0
  return {
    contentType: EVENT_STREAM,
    before: [event('message_start', { message }), ...(isFirst ? [textStart] : []), event('ping')],
    tokens: [...tokens, ...(isFirst ? [] : [textStart]), ...texts],
    after: [
      textStop,
      ...calls,
      event('message_delta', {
        delta: { stop_reason: finishReason || null, stop_sequence: null, stop_details: null },
        ...usageOf(reasoning.length + words.length),
      }),
      ...(terminalMark ? [event('message_stop')] : []),
    ],
    error: event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  }
}
