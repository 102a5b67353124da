import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect, EventFacts } from './dialect.ts'
import { type JsonObject, nameOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { readUsage, type UsagePaths } from './llm-usage.ts'

const DONE = '[DONE]'
const USAGE: UsagePaths = {
  inputTokens: 'prompt_tokens',
  outputTokens: 'completion_tokens',
  totalTokens: 'total_tokens',
  cachedInputTokens: 'prompt_tokens_details.cached_tokens',
  reasoningTokens: 'completion_tokens_details.reasoning_tokens',
}
/** Where the output of a model stands in a delta, by server. */
const REASONING = ['reasoning_content', 'reasoning'] as const
const OUTPUT = ['content', ...REASONING, 'refusal', 'tool_calls', 'function_call', 'audio']

/**
 * Chat completions of OpenAI, and of the many servers that speak the same: Azure, vLLM, Ollama, DeepSeek, Groq,
 * Mistral, OpenRouter, Together, xAI.
 *
 * The answer is complete when every choice has a finish reason, or with `[DONE]`: some servers never send the one, some
 * never the other.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  heartbeat: 'comment',
  matchesPath: (pathname) => pathname.endsWith('/chat/completions'),
  recognizes(_event, json) {
    const { object, choices, error, type } = objectOf(json)
    if (object === 'chat.completion.chunk' || Array.isArray(choices)) return true
    // In the form of vLLM before 2025 too.
    if (object === 'error') return true
    const { status } = objectOf(error)
    return typeof error === 'object' && error !== null && type === undefined && status === undefined
  },
  triage: (event) => (event === '' || event === 'message' ? 'scan' : 'read'),
  keys: {
    // The index of a choice or of a tool call other than the first: rare enough to be read.
    read: ['finish_reason', 'usage', 'x_groq', 'error', 'message', 'index'],
    content: OUTPUT,
  },
  read(_event, json, data): EventFacts {
    if (data.trim() === DONE) return { isEnd: true }
    const { model, choices, usage, x_groq: groq } = objectOf(json)
    const deltas = objectsOf(choices)
    return {
      model: textOf(model),
      upstreamErrorType: errorTypeOf(json),
      usage: readUsage(usage, USAGE) ?? readUsage(objectOf(groq)['usage'], USAGE),
      seen: deltas.map(indexOf),
      finished: deltas.filter(({ finish_reason: reason }) => textOf(reason)).map(indexOf),
      finishReason: deltas.map(({ finish_reason: reason }) => textOf(reason)).find(Boolean),
      isContent: deltas.some(({ delta }) =>
        OUTPUT.some((key) => saysSomething(objectOf(delta)[key])),
      ),
    }
  },
  parts(_event, json): readonly LlmEvent[] {
    const parts: LlmEvent[] = []
    const { choices, usage, x_groq: groq, error, message } = objectOf(json)
    for (const { delta, finish_reason: reason, index } of objectsOf(choices)) {
      const choice = typeof index === 'number' ? index : 0
      addDelta(parts, choice, objectOf(delta))
      const finish = textOf(reason)
      if (finish !== undefined) parts.push({ type: 'finish', choice, reason: finish })
    }
    const numbers = readUsage(usage, USAGE) ?? readUsage(objectOf(groq)['usage'], USAGE)
    if (numbers !== undefined) parts.push({ type: 'usage', usage: numbers })
    const errorType = errorTypeOf(json)
    if (errorType !== undefined) {
      const text = textOf(objectOf(error)['message']) ?? textOf(error) ?? textOf(message) ?? ''
      parts.push({ type: 'error', errorType, message: text })
    }
    return parts
  },
  errorFrame({ code, message, type, lateStatus: status, retryAfter }) {
    const error = { message, type, param: null, code, status, retry_after: retryAfter }
    return encodeEvent({ data: JSON.stringify({ error }) })
  },
}

function errorTypeOf(json: unknown): string | undefined {
  const { error, object, code, type } = objectOf(json)
  if (object === 'error') return nameOf(code, type, 'error')
  if (typeof error === 'string' && error !== '') return nameOf(code, 'error')
  if (typeof error !== 'object' || error === null) return
  const { code: own, type: ownType } = error as JsonObject
  return nameOf(own, ownType, 'error')
}

function addDelta(parts: LlmEvent[], choice: number, delta: JsonObject): void {
  for (const key of REASONING) {
    const text = textOf(delta[key])
    if (text === undefined) continue
    parts.push({ type: 'reasoning', choice, text })
    // Some servers send both, which are the same.
    break
  }
  const text = textOf(delta['content'])
  if (text !== undefined) parts.push({ type: 'text', choice, text })
  // Mistral sends parts instead of a text.
  for (const part of objectsOf(delta['content'])) {
    const type = part['type'] === 'thinking' ? 'reasoning' : 'text'
    const inner = textOf(part['text']) ?? objectsOf(part['thinking']).map(textIn).join('')
    if (inner !== '') parts.push({ type, choice, text: inner })
  }
  for (const [place, call] of objectsOf(delta['tool_calls']).entries()) {
    const { name, arguments: json } = objectOf(call['function'])
    parts.push({
      type: 'tool-call',
      choice,
      index: typeof call['index'] === 'number' ? call['index'] : place,
      id: textOf(call['id']),
      name: textOf(name),
      arguments: typeof json === 'string' ? json : '',
    })
  }
}

function textIn({ text }: JsonObject): string {
  return textOf(text) ?? ''
}

function indexOf({ index }: JsonObject): number {
  return typeof index === 'number' ? index : 0
}

function saysSomething(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return value !== undefined && value !== null && value !== ''
}
