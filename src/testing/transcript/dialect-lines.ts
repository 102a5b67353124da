import { anthropicLines } from './anthropic-lines.ts'
import type { AnswerPlan, DialectAnswer, TranscriptDialect } from './dialect-answer.ts'
import { geminiLines } from './gemini-lines.ts'
import { ollamaLines } from './ollama-lines.ts'
import { openaiChatLines } from './openai-chat-lines.ts'
import { openaiResponsesLines } from './openai-responses-lines.ts'

const LINES: ReadonlyMap<TranscriptDialect, (plan: AnswerPlan) => DialectAnswer> = new Map([
  ['openai-chat', openaiChatLines],
  ['openai-responses', openaiResponsesLines],
  ['anthropic', anthropicLines],
  ['gemini', geminiLines],
  ['ollama', ollamaLines],
])
const WITH_CHOICES: readonly TranscriptDialect[] = ['openai-chat', 'gemini']

/** Returns the frames that an API of the dialect sends for an answer. */
export function dialectLines(dialect: TranscriptDialect, plan: AnswerPlan): DialectAnswer {
  const lines = LINES.get(dialect)
  if (lines === undefined) {
    const names = [...LINES.keys()].map((name) => `"${name}"`).join(', ')
    throw new TypeError(`dialect must be one of ${names}: got ${JSON.stringify(dialect)}`)
  }
  if (plan.choices !== 1 && !WITH_CHOICES.includes(dialect)) {
    throw new RangeError(
      `choices must be 1 with ${dialect}, which has one answer: got ${plan.choices}`,
    )
  }
  return lines(plan)
}
