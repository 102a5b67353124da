import {
  type AnswerPlan,
  choicesOf,
  type DialectAnswer,
  EVENT_STREAM,
  OVERLOADED,
  PROMPT_TOKENS,
} from './dialect-answer.ts'
import { dataFrame } from './json-frames.ts'

/** Returns the frames of an answer as OpenAI's chat completions and servers like it send them. */
export function openaiChatLines(plan: AnswerPlan): DialectAnswer {
  const { words, reasoning, tools, model = 'gpt-4o-mini', usage, terminalMark } = plan
  const chunk = (rest: object): string =>
    dataFrame({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_790_000_000,
      model,
      ...rest,
    })
  const eachChoice = (delta: object, finish_reason: string | null = null): string[] =>
    choicesOf(plan).map((index) =>
      chunk({ choices: [{ index, delta, finish_reason }], ...(usage && { usage: null }) }),
    )
  const calls = tools.flatMap(({ name, arguments: json }, index) => {
    const called = { name, arguments: '' }
    const id = `call_${index + 1}`
    return [
      { tool_calls: [{ index, id, type: 'function', function: called }] },
      { tool_calls: [{ index, function: { arguments: JSON.stringify(json) } }] },
    ]
  })
  const { finishReason = tools.length > 0 ? 'tool_calls' : 'stop' } = plan
  const completion_tokens = (reasoning.length + words.length) * plan.choices
  const stated = {
    prompt_tokens: PROMPT_TOKENS,
    completion_tokens,
    total_tokens: PROMPT_TOKENS + completion_tokens,
    ...(reasoning.length > 0 && {
      completion_tokens_details: { reasoning_tokens: reasoning.length * plan.choices },
    }),
  }
  return {
    contentType: EVENT_STREAM,
    before: eachChoice({ role: 'assistant', content: '' }),
    tokens: [
      ...reasoning.flatMap((reasoning_content) => eachChoice({ reasoning_content })),
      ...words.flatMap((content) => eachChoice({ content })),
      ...calls.flatMap((delta) => eachChoice(delta)),
    ],
    after: [
      ...(finishReason === false ? [] : eachChoice({}, finishReason)),
      ...(usage ? [chunk({ choices: [], usage: stated })] : []),
      ...(terminalMark ? ['data: [DONE]\n\n'] : []),
    ],
    error: dataFrame({
      error: { message: OVERLOADED, type: 'server_error', param: null, code: 500 },
    }),
  }
}
