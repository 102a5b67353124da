import type { Dialect, EventFacts } from './dialect.ts'
import { objectOf, objectsOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { readUsage, type UsagePaths } from './llm-usage.ts'

const USAGE: UsagePaths = { inputTokens: ['prompt_eval_count'], outputTokens: ['eval_count'] }

/**
 * Ollama's own API, `/api/chat` and `/api/generate`: lines of JSON and no event stream. The answer is complete with the
 * line that has `"done":true`, which states usage and finish reason.
 *
 * @see https://github.com/ollama/ollama/blob/main/docs/api.md
 */
export const ollama: Dialect = {
  name: 'ollama',
  format: 'ndjson',
  heartbeat: 'blank',
  matchesPath: (pathname) => pathname.endsWith('/api/chat') || pathname.endsWith('/api/generate'),
  recognizes(_event, json) {
    const { done, error } = objectOf(json)
    return typeof done === 'boolean' || typeof error === 'string'
  },
  triage: () => 'read',
  read(_event, json): EventFacts {
    const { model, done, done_reason: reason, error, response, message } = objectOf(json)
    const { content, thinking, tool_calls: calls } = objectOf(message)
    return {
      model: textOf(model),
      isEnd: done === true,
      finishReason: done === true ? textOf(reason) : undefined,
      usage: readUsage(json, USAGE),
      upstreamErrorType: textOf(error) === undefined ? undefined : 'error',
      isContent:
        [response, content, thinking].some((text) => textOf(text)) || objectsOf(calls).length > 0,
    }
  },
  parts(_event, json): readonly LlmEvent[] {
    const parts: LlmEvent[] = []
    const { done, done_reason: reason, error, response, message } = objectOf(json)
    const { content, thinking, tool_calls: calls } = objectOf(message)
    const reasoning = textOf(thinking)
    if (reasoning !== undefined) parts.push({ type: 'reasoning', choice: 0, text: reasoning })
    const text = textOf(content) ?? textOf(response)
    if (text !== undefined) parts.push({ type: 'text', choice: 0, text })
    for (const call of objectsOf(calls)) {
      const { name, arguments: given } = objectOf(call['function'])
      const json = JSON.stringify(given ?? {})
      parts.push({ type: 'tool-call', choice: 0, name: textOf(name), arguments: json })
    }
    const usage = readUsage(json, USAGE)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    if (done === true) parts.push({ type: 'finish', choice: 0, reason: textOf(reason) ?? 'stop' })
    const failure = textOf(error)
    if (failure !== undefined) parts.push({ type: 'error', errorType: 'error', message: failure })
    return parts
  },
  // Its clients read `error` alone.
  errorFrame: ({ code, message, lateStatus: status, retryAfter: retry_after }) =>
    `${JSON.stringify({ error: message, code, status, retry_after })}\n`,
}
