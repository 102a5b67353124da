import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect, EventFacts } from './dialect.ts'
import { type JsonObject, nameOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { type LlmUsage, readUsage, type UsagePaths } from './llm-usage.ts'

const DONE = '[DONE]'
const USAGE: UsagePaths = {
  inputTokens: ['prompt_tokens'],
  outputTokens: ['completion_tokens'],
  totalTokens: ['total_tokens'],
  // The others are those of DeepSeek and Moonshot.
  cachedInputTokens: [
    'prompt_tokens_details.cached_tokens',
    'prompt_cache_hit_tokens',
    'cached_tokens',
  ],
  reasoningTokens: ['completion_tokens_details.reasoning_tokens'],
}
/** Where the output of a model stands in a delta, by server. */
const REASONING = ['reasoning_content', 'reasoning'] as const
const OUTPUT = ['content', ...REASONING, 'refusal', 'tool_calls', 'function_call', 'audio']
const OBJECTS = new Set<unknown>(['chat.completion.chunk', 'text_completion', 'error'])

/**
 * Chat completions of OpenAI, and of the many servers with the same API: Azure, vLLM, Ollama, DeepSeek, Groq, Mistral,
 * OpenRouter, Together, xAI. Also the older text completions.
 *
 * The answer is complete when every choice has a finish reason, or with `[DONE]`: some servers never send the one, some
 * never the other.
 *
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export const openaiChat: Dialect = {
  name: 'openai-chat',
  heartbeat: 'comment',
  matchesPath: (pathname) => pathname.endsWith('/completions'),
  recognizes(_event, json) {
    const { object, choices, model, usage, error, type } = objectOf(json)
    if (OBJECTS.has(object)) return true
    // Streams of applications have keys like these too.
    if (Array.isArray(choices)) {
      const isHead = choices.length === 0 && (typeof model === 'string' || isObject(usage))
      return isHead || objectsOf(choices).some(isChoice)
    }
    const { message, status } = objectOf(error)
    return typeof message === 'string' && type === undefined && status === undefined
  },
  triage: (event) => (event === '' || event === 'message' ? 'scan' : 'read'),
  keys: {
    // The index of a choice or of a tool call other than the first: rare enough to be read. `candidates`: of Gemini.
    read: ['finish_reason', 'usage', 'x_groq', 'error', 'message', 'index', 'candidates'],
    content: [...OUTPUT, 'text'],
  },
  read(_event, json, data): EventFacts {
    if (data.trim() === DONE) return { isEnd: true }
    const { model, choices } = objectOf(json)
    const all = objectsOf(choices)
    const finished = all.filter(({ finish_reason: reason }) => textOf(reason))
    return {
      model: textOf(model),
      upstreamErrorType: errorTypeOf(json),
      usage: usageOf(json),
      seen: all.map(indexOf),
      finished: finished.map(indexOf),
      finishReason: textOf(finished[0]?.['finish_reason']),
      isContent: all.some(
        ({ delta, text }) =>
          saysSomething(text) || OUTPUT.some((key) => saysSomething(objectOf(delta)[key])),
      ),
    }
  },
  parts(_event, json): readonly LlmEvent[] {
    const parts: LlmEvent[] = []
    const { choices } = objectOf(json)
    for (const one of objectsOf(choices)) {
      const choice = indexOf(one)
      const text = textOf(one['text'])
      if (text !== undefined) parts.push({ type: 'text', choice, text })
      addDelta(parts, choice, objectOf(one['delta']))
      const reason = textOf(one['finish_reason'])
      if (reason !== undefined) parts.push({ type: 'finish', choice, reason })
    }
    const usage = usageOf(json)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    const errorType = errorTypeOf(json)
    if (errorType !== undefined) {
      parts.push({ type: 'error', errorType, message: errorMessageOf(json) })
    }
    return parts
  },
  errorFrame({ code, message, type, lateStatus: status, retryAfter }) {
    const error = { message, type, param: null, code, status, retry_after: retryAfter }
    return encodeEvent({ data: JSON.stringify({ error }) })
  },
}

/** Groq has it in a key of its own, Moonshot in a choice. */
function usageOf(json: unknown): LlmUsage | undefined {
  const { usage, x_groq: groq, choices } = objectOf(json)
  const places = [usage, objectOf(groq)['usage'], ...objectsOf(choices).map((one) => one['usage'])]
  return places.map((place) => readUsage(place, USAGE)).find((numbers) => numbers !== undefined)
}

/** The error of an event: an object or a text, of the event, of a choice, or Groq's. */
function errorOf(json: unknown): unknown {
  const { error, x_groq: groq, choices } = objectOf(json)
  const places = [error, objectOf(groq)['error'], ...objectsOf(choices).map((one) => one['error'])]
  return places.find((place) => isObject(place) || textOf(place) !== undefined)
}

function errorTypeOf(json: unknown): string | undefined {
  const { object, code, type } = objectOf(json)
  // vLLM before 2025 has the fields of its errors flat.
  if (object === 'error') return nameOf(code, type, 'error')
  const error = errorOf(json)
  if (error === undefined) return
  const { code: own, type: ownType } = objectOf(error)
  return nameOf(own, ownType, code, 'error')
}

function errorMessageOf(json: unknown): string {
  const error = errorOf(json)
  const { message } = objectOf(json)
  return textOf(error) ?? textOf(objectOf(error)['message']) ?? textOf(message) ?? ''
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

function isChoice(value: JsonObject): boolean {
  return 'delta' in value || 'finish_reason' in value
}

function saysSomething(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length > 0
  return value !== undefined && value !== null && value !== ''
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
