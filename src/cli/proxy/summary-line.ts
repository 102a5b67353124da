import type { StreamSummary } from '../../index.ts'

/** Longer paths are cut. */
const MAX_PATH_CHARACTERS = 200
/** Longer words of an upstream are cut. */
const MAX_WORD_CHARACTERS = 100

/**
 * Returns a finished request as one line of `key=value` pairs.
 *
 * The path has no query, which may hold a key. Every value is a number or a word without spaces or line ends (a URL's
 * path is encoded, other characters of an upstream's words become `_`), so no client or upstream can forge a line.
 */
export function summaryLine(summary: StreamSummary, request: Request, endedAt: Date): string {
  const { verdict, code, causeCode, phase, status, isSse, gaps, pauses, llm } = summary
  const { usage } = llm ?? {}
  const fields: Record<string, string | number | undefined> = {
    time: endedAt.toISOString(),
    verdict,
    code,
    cause: causeCode,
    phase,
    status,
    method: request.method,
    path: new URL(request.url).pathname.slice(0, MAX_PATH_CHARACTERS),
    kind: isSse ? 'stream' : 'plain',
    headers_ms: whole(summary.headersMs),
    first_event_ms: whole(summary.firstEventMs),
    total_ms: whole(summary.durationMs),
    max_gap_ms: whole(gaps?.maxMs),
    events: summary.events,
    heartbeats: summary.heartbeats,
    bytes_in: summary.bytesIn,
    bytes_out: summary.bytesOut,
    pauses: pauses.count,
    dialect: llm?.dialect === 'plain' ? undefined : llm?.dialect,
    model: word(llm?.model),
    finish_reason: word(llm?.finishReason),
    upstream_error: word(llm?.upstreamErrorType),
    first_content_ms: whole(llm?.firstContentMs),
    input_tokens: usage?.inputTokens,
    output_tokens: usage?.outputTokens,
    cached_input_tokens: usage?.cachedInputTokens,
    cache_creation_input_tokens: usage?.cacheCreationInputTokens,
    reasoning_tokens: usage?.reasoningTokens,
  }
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function whole(durationMs: number | undefined): number | undefined {
  return durationMs === undefined ? undefined : Math.round(durationMs)
}

function word(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_WORD_CHARACTERS).replaceAll(/[^\x21-\x7e]/g, '_')
}
