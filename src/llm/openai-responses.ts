import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect, EventFacts, EventTriage } from './dialect.ts'
import { nameOf, objectOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { readUsage, type UsagePaths } from './llm-usage.ts'

const USAGE: UsagePaths = {
  inputTokens: ['input_tokens'],
  outputTokens: ['output_tokens'],
  totalTokens: ['total_tokens'],
  cachedInputTokens: ['input_tokens_details.cached_tokens'],
  reasoningTokens: ['output_tokens_details.reasoning_tokens'],
}
const READ = new Set([
  'response.created',
  'response.completed',
  'response.incomplete',
  'response.failed',
])
const END = /^response\.(completed|incomplete|failed)$/

/**
 * OpenAI's Responses API. The answer is complete with `response.completed` or `response.incomplete`, and an error of the
 * upstream with `response.failed` or `error`.
 *
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export const openaiResponses: Dialect = {
  name: 'openai-responses',
  heartbeat: 'comment',
  matchesPath: (pathname) => pathname.endsWith('/responses'),
  recognizes(event, json) {
    const { type, sequence_number: sequence, message } = objectOf(json)
    if (type === 'error') return sequence !== undefined || message !== undefined
    const name = textOf(type) ?? event
    return typeof json === 'object' && name.startsWith('response.')
  },
  triage(event): EventTriage {
    if (READ.has(event) || !event.startsWith('response.')) return 'read'
    return event.endsWith('.delta') ? 'content' : 'skip'
  },
  read(event, json): EventFacts {
    const { type, response } = objectOf(json)
    const name = textOf(type) ?? event
    const { model, status, usage, incomplete_details: details } = objectOf(response)
    const isEnd = END.test(name)
    return {
      model: textOf(model),
      usage: readUsage(usage, USAGE),
      finishReason: isEnd ? (textOf(objectOf(details)['reason']) ?? textOf(status)) : undefined,
      upstreamErrorType: errorTypeOf(name, json),
      isEnd,
      isContent: name.endsWith('.delta'),
    }
  },
  parts(event, json): readonly LlmEvent[] {
    const { type, delta, response, output_index: output, item, message, error } = objectOf(json)
    const name = textOf(type) ?? event
    const text = textOf(delta)
    const index = typeof output === 'number' ? output : 0
    if (text !== undefined) {
      if (name === 'response.output_text.delta') return [{ type: 'text', choice: 0, text }]
      if (/^response\.reasoning(_summary)?(_text)?\.delta$/.test(name)) {
        return [{ type: 'reasoning', choice: 0, text }]
      }
      if (name === 'response.function_call_arguments.delta') {
        return [{ type: 'tool-call', choice: 0, index, arguments: text }]
      }
    }
    if (name === 'response.output_item.added' && objectOf(item)['type'] === 'function_call') {
      const { call_id: id, name: called } = objectOf(item)
      const call = { id: textOf(id), name: textOf(called), arguments: '' }
      return [{ type: 'tool-call', choice: 0, index, ...call }]
    }
    const parts: LlmEvent[] = []
    const usage = readUsage(objectOf(response)['usage'], USAGE)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    const errorType = errorTypeOf(name, json)
    if (errorType !== undefined) {
      const said = [
        message,
        objectOf(error)['message'],
        objectOf(objectOf(response)['error'])['message'],
      ]
      parts.push({ type: 'error', errorType, message: said.map(textOf).find(Boolean) ?? '' })
    } else if (END.test(name)) {
      const { status, incomplete_details: details } = objectOf(response)
      const reason = textOf(objectOf(details)['reason']) ?? textOf(status)
      if (reason !== undefined) parts.push({ type: 'finish', choice: 0, reason })
    }
    return parts
  },
  // The flat fields are those of the API; the SDKs of OpenAI throw only where there is a nested error too.
  errorFrame({ code, message, type, lateStatus: status, retryAfter }) {
    const error = { type, code, message, param: null, status, retry_after: retryAfter }
    // The AI SDK reads only an event with a number. The true one is not known here.
    const event = { type: 'error', sequence_number: 0, code, message, param: null, error }
    return encodeEvent({ event: 'error', data: JSON.stringify(event) })
  },
}

function errorTypeOf(name: string, json: unknown): string | undefined {
  const { code, error, response } = objectOf(json)
  if (name === 'response.failed') {
    return nameOf(objectOf(objectOf(response)['error'])['code'], 'failed')
  }
  if (name !== 'error') return
  const { code: nested, type } = objectOf(error)
  return nameOf(code, nested, type, 'error')
}
