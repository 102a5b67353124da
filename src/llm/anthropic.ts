import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect, EventFacts, EventTriage } from './dialect.ts'
import { nameOf, objectOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { type LlmUsage, readUsage, type UsagePaths } from './llm-usage.ts'

const USAGE: UsagePaths = {
  inputTokens: ['input_tokens'],
  outputTokens: ['output_tokens'],
  cachedInputTokens: ['cache_read_input_tokens'],
  cacheCreationInputTokens: ['cache_creation_input_tokens'],
}
const EVENTS: ReadonlyMap<string, EventTriage> = new Map([
  ['message_start', 'read'],
  ['content_block_start', 'skip'],
  ['content_block_delta', 'content'],
  ['content_block_stop', 'skip'],
  ['message_delta', 'read'],
  ['message_stop', 'read'],
])
/** Read too: events of servers that name none, and errors; and those of the Responses API, as a change of the stream. */
const READ = new Set(['', 'message', 'error'])

/**
 * Anthropic's Messages API. The answer is complete with `message_stop`. The usage of `message_delta` is cumulative; the
 * output count of `message_start` is a placeholder, and not reported.
 *
 * @see https://docs.anthropic.com/en/api/messages-streaming
 */
export const anthropic: Dialect = {
  name: 'anthropic',
  heartbeat: 'comment',
  matchesPath: (pathname) => pathname.endsWith('/messages'),
  recognizes(_event, json) {
    const { type, error, message, sequence_number: sequence } = objectOf(json)
    if (type !== 'error') return typeof type === 'string' && EVENTS.has(type)
    // Those of the Responses API have one of the two.
    const isFlat = message !== undefined || sequence !== undefined
    return typeof error === 'object' && error !== null && !isFlat
  },
  // "new event types may be added": they pass unread.
  triage(event) {
    if (READ.has(event) || event.startsWith('response.')) return 'read'
    return EVENTS.get(event) ?? 'skip'
  },
  read(event, json): EventFacts {
    const { type, message, delta, usage, error } = objectOf(json)
    const name = textOf(type) ?? event
    switch (name) {
      case 'message_start': {
        const { model, usage: first } = objectOf(message)
        return { model: textOf(model), usage: lessOutput(readUsage(first, USAGE)) }
      }
      case 'content_block_delta':
        return { isContent: true }
      case 'message_delta': {
        const { stop_reason: reason } = objectOf(delta)
        return { usage: readUsage(usage, USAGE), finishReason: textOf(reason) }
      }
      case 'message_stop':
        return { isEnd: true }
      case 'error':
        return { upstreamErrorType: errorTypeOf(error) }
      default:
        return {}
    }
  },
  parts(event, json): readonly LlmEvent[] {
    const { type, index, content_block: block, delta, usage, message, error } = objectOf(json)
    const place = typeof index === 'number' ? index : 0
    switch (textOf(type) ?? event) {
      case 'message_start': {
        const stated = lessOutput(readUsage(objectOf(message)['usage'], USAGE))
        return stated === undefined ? [] : [{ type: 'usage', usage: stated }]
      }
      case 'content_block_start': {
        const { type: kind, id, name } = objectOf(block)
        if (kind !== 'tool_use') return []
        const call = { id: textOf(id), name: textOf(name), arguments: '' }
        return [{ type: 'tool-call', choice: 0, index: place, ...call }]
      }
      case 'content_block_delta': {
        const { text, thinking, partial_json: json } = objectOf(delta)
        if (textOf(text)) return [{ type: 'text', choice: 0, text: String(text) }]
        if (textOf(thinking)) return [{ type: 'reasoning', choice: 0, text: String(thinking) }]
        if (typeof json !== 'string') return []
        return [{ type: 'tool-call', choice: 0, index: place, arguments: json }]
      }
      case 'message_delta': {
        const parts: LlmEvent[] = []
        const stated = readUsage(usage, USAGE)
        if (stated !== undefined) parts.push({ type: 'usage', usage: stated })
        const reason = textOf(objectOf(delta)['stop_reason'])
        if (reason !== undefined) parts.push({ type: 'finish', choice: 0, reason })
        return parts
      }
      case 'error': {
        const message = textOf(objectOf(error)['message']) ?? ''
        return [{ type: 'error', errorType: errorTypeOf(error), message }]
      }
      default:
        return []
    }
  },
  errorFrame({ code, message, status, lateStatus, retryAfter }) {
    const type = errorType(lateStatus ?? status)
    const error = { type, message, code, status: lateStatus, retry_after: retryAfter }
    return encodeEvent({ event: 'error', data: JSON.stringify({ type: 'error', error }) })
  },
}

/** The code is that of gateways, which have other errors. */
function errorTypeOf(error: unknown): string | undefined {
  const { type, code } = objectOf(error)
  return nameOf(type, code, 'error')
}

/** The types that the API has for its own errors. */
function errorType(status: number): string {
  if (status === 429) return 'rate_limit_error'
  if (status === 504) return 'timeout_error'
  return status === 529 || status === 503 ? 'overloaded_error' : 'api_error'
}

function lessOutput(usage: LlmUsage | undefined): LlmUsage | undefined {
  if (usage === undefined) return
  const { outputTokens: _, ...stated } = usage
  return stated
}
