import {
  type AnswerPlan,
  choicesOf,
  type DialectAnswer,
  OVERLOADED,
  PROMPT_TOKENS,
} from './dialect-answer.ts'
import { dataFrame } from './json-frames.ts'

const CRLF = '\r\n'

/** Returns the frames of an answer as Gemini's `streamGenerateContent` sends them. Its terminal mark is the finish reason. */
export function geminiLines(plan: AnswerPlan): DialectAnswer {
  const { words, reasoning, tools, model = 'gemini-2.5-flash', terminalMark } = plan
  const { finishReason = 'STOP' } = plan
  let thoughtsTokenCount = 0
  let candidatesTokenCount = 0
  const chunk = (parts: readonly object[], rest: object = {}): string => {
    const totalTokenCount = PROMPT_TOKENS + thoughtsTokenCount + candidatesTokenCount
    const usageMetadata = {
      promptTokenCount: PROMPT_TOKENS,
      candidatesTokenCount,
      totalTokenCount,
      ...(thoughtsTokenCount > 0 && { thoughtsTokenCount }),
    }
    const candidates = choicesOf(plan).map((index) => ({
      content: { parts, role: 'model' },
      ...rest,
      index,
    }))
    const ids = { modelVersion: model, responseId: 'response-1' }
    return dataFrame({ candidates, ...(plan.usage && { usageMetadata }), ...ids }, CRLF)
  }
  const thoughts = reasoning.map((text) => {
    thoughtsTokenCount += plan.choices
    return chunk([{ text, thought: true }])
  })
  const texts = words.map((text) => {
    candidatesTokenCount += plan.choices
    return chunk([{ text }])
  })
  const calls = tools.map(({ name, arguments: args }) => chunk([{ functionCall: { name, args } }]))
  const isMarked = terminalMark && finishReason !== false
  return {
    contentType: 'text/event-stream',
    before: [],
    tokens: [...thoughts, ...texts, ...calls],
    after: isMarked ? [chunk([{ text: '' }], { finishReason })] : [],
    error: dataFrame({ error: { code: 503, message: OVERLOADED, status: 'UNAVAILABLE' } }, CRLF),
  }
}
