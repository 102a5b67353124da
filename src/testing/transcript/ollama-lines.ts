import { type AnswerPlan, type DialectAnswer, OVERLOADED, PROMPT_TOKENS } from './dialect-answer.ts'

const SECOND_NS = 1_000_000_000

/** Returns the lines of an answer as Ollama's own `/api/chat` sends them: one JSON object each. */
export function ollamaLines(plan: AnswerPlan): DialectAnswer {
  const { words, reasoning, tools, model = 'llama3.2', usage, finishReason = 'stop' } = plan
  const line = (value: object): string => `${JSON.stringify(value)}\n`
  const message = (rest: object, end: object = { done: false }): string =>
    line({
      model,
      created_at: '2026-09-21T14:13:20.000000000Z',
      message: { role: 'assistant', content: '', ...rest },
      ...end,
    })
  const calls = tools.map(({ name, arguments: json }) => ({ function: { name, arguments: json } }))
  const stated = {
    total_duration: 4 * SECOND_NS,
    load_duration: SECOND_NS,
    prompt_eval_count: PROMPT_TOKENS,
    prompt_eval_duration: SECOND_NS,
    eval_count: reasoning.length + words.length,
    eval_duration: 2 * SECOND_NS,
  }
  const end = {
    done: true,
    ...(finishReason !== false && { done_reason: finishReason }),
    ...(usage && stated),
  }
  return {
    contentType: 'application/x-ndjson',
    before: [],
    tokens: [
      ...reasoning.map((thinking) => message({ thinking })),
      ...words.map((content) => message({ content })),
      ...(calls.length > 0 ? [message({ tool_calls: calls })] : []),
    ],
    after: plan.terminalMark ? [message({}, end)] : [],
    error: line({ error: OVERLOADED }),
  }
}
