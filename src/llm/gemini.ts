import { encodeEvent } from '../wire/encode-event.ts'
import type { Dialect, EventFacts } from './dialect.ts'
import { type JsonObject, nameOf, objectOf, objectsOf, textOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'
import { readUsage, type UsagePaths } from './llm-usage.ts'

const USAGE: UsagePaths = {
  inputTokens: ['promptTokenCount'],
  outputTokens: ['candidatesTokenCount'],
  totalTokens: ['totalTokenCount'],
  cachedInputTokens: ['cachedContentTokenCount'],
  reasoningTokens: ['thoughtsTokenCount'],
}

/**
 * Gemini's `streamGenerateContent` with `alt=sse`, also of Vertex. The answer is complete when every candidate has a
 * finish reason, or when the prompt was blocked. Each event states the usage so far.
 *
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export const gemini: Dialect = {
  name: 'gemini',
  // Its clients lose the text behind a comment, or throw; they all ignore a blank line.
  heartbeat: 'blank',
  matchesPath: (pathname) => pathname.includes(':streamGenerateContent'),
  recognizes(_event, json) {
    const { candidates, promptFeedback, usageMetadata, error } = objectOf(json)
    if (Array.isArray(candidates) || promptFeedback !== undefined || usageMetadata !== undefined) {
      return true
    }
    const { code, status } = objectOf(error)
    return typeof code === 'number' && typeof status === 'string'
  },
  // Its events are few and large, and each states the usage.
  triage: () => 'read',
  read(_event, json): EventFacts {
    const { candidates, promptFeedback, usageMetadata, modelVersion, error } = objectOf(json)
    const all = objectsOf(candidates)
    const blocked = reasonOf(objectOf(promptFeedback)['blockReason'])
    const finished = all.filter(({ finishReason }) => reasonOf(finishReason))
    return {
      model: textOf(modelVersion),
      usage: readUsage(usageMetadata, USAGE),
      seen: all.map(indexOf),
      finished: finished.map(indexOf),
      finishReason: textOf(finished[0]?.['finishReason']) ?? blocked,
      isEnd: blocked !== undefined,
      upstreamErrorType: errorTypeOf(error),
      isContent: all.some(({ content }) => objectsOf(objectOf(content)['parts']).some(isOutput)),
    }
  },
  parts(_event, json): readonly LlmEvent[] {
    const parts: LlmEvent[] = []
    const { candidates, promptFeedback, usageMetadata, error } = objectOf(json)
    for (const candidate of objectsOf(candidates)) {
      const choice = indexOf(candidate)
      for (const part of objectsOf(objectOf(candidate['content'])['parts'])) {
        const text = textOf(part['text'])
        if (text !== undefined) {
          parts.push({ type: part['thought'] === true ? 'reasoning' : 'text', choice, text })
        }
        const { name, args, id } = objectOf(part['functionCall'])
        if (textOf(name) === undefined) continue
        const call = { id: textOf(id), name: textOf(name), arguments: JSON.stringify(args ?? {}) }
        parts.push({ type: 'tool-call', choice, ...call })
      }
      const reason = reasonOf(candidate['finishReason'])
      if (reason !== undefined) parts.push({ type: 'finish', choice, reason })
    }
    const blocked = reasonOf(objectOf(promptFeedback)['blockReason'])
    if (blocked !== undefined) parts.push({ type: 'finish', choice: 0, reason: blocked })
    const usage = readUsage(usageMetadata, USAGE)
    if (usage !== undefined) parts.push({ type: 'usage', usage })
    const errorType = errorTypeOf(error)
    if (errorType !== undefined) {
      parts.push({ type: 'error', errorType, message: textOf(objectOf(error)['message']) ?? '' })
    }
    return parts
  },
  errorFrame({ code, message, status: ours, lateStatus, retryAfter }) {
    const status = lateStatus ?? ours
    const retry =
      retryAfter === undefined ? [] : [{ '@type': RETRY_INFO, retryDelay: `${retryAfter}s` }]
    const error = {
      code: status,
      message,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'UNAVAILABLE',
      details: [{ reason: code }, ...retry],
    }
    return encodeEvent({ data: JSON.stringify({ error }) })
  },
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

function errorTypeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return
  const { status, code } = error as JsonObject
  return nameOf(status, code, 'error')
}

/** A reason that is one: the first value of these enumerations stands for none. */
function reasonOf(value: unknown): string | undefined {
  const reason = textOf(value)
  return reason?.endsWith('_UNSPECIFIED') ? undefined : reason
}

function isOutput(part: JsonObject): boolean {
  return (
    textOf(part['text']) !== undefined ||
    Object.keys(part).some(
      (key) => key !== 'text' && key !== 'thoughtSignature' && key !== 'thought',
    )
  )
}

function indexOf({ index }: JsonObject): number {
  return typeof index === 'number' ? index : 0
}
