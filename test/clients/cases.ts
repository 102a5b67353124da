import type { ProxyOptions } from 'sse-stream-kit'
import {
  type RecordedRequest,
  step,
  type TranscriptDialect,
  transcript,
  type UpstreamStep,
} from 'sse-stream-kit/testing'
import type { BeatingProxyOptions } from './beating-proxy.ts'

/** The text of a whole response, and its part that arrives before one breaks. */
export const TEXT = 'Grüße aus 世界, says the stream 🎉'
export const PART = 'Grüße aus 世界,'
/** Seconds after which the upstream allows a rejected request to be repeated. */
export const RETRY_AFTER = 7

/** What an upstream does, and how a client reads it. */
export interface Case {
  upstream: (dialect: TranscriptDialect, request: RecordedRequest) => UpstreamStep[]
  /** Options of the proxy. */
  options?: ProxyOptions
  /** Makes the proxy send heartbeats at the upstream's steps; without a proxy nothing sends them. */
  beating?: BeatingProxyOptions
  /** Whether the client repeats requests. */
  retries?: boolean
  /** Whether the client aborts at the first piece of text. */
  aborts?: boolean
}

const whole = (dialect: TranscriptDialect): UpstreamStep[] => transcript(dialect, { text: TEXT })
const part = (
  dialect: TranscriptDialect,
  ending: 'unfinished' | 'error' = 'unfinished',
): UpstreamStep[] => transcript(dialect, { text: PART, ending })
/** The same without its end. */
const open = (dialect: TranscriptDialect): UpstreamStep[] => part(dialect).slice(0, -1)

const LIMIT = 'Rate limit reached'
const REJECTIONS: Record<string, object> = {
  anthropic: { type: 'error', error: { type: 'rate_limit_error', message: LIMIT } },
  gemini: { error: { code: 429, message: LIMIT, status: 'RESOURCE_EXHAUSTED' } },
}
/** Rejects the first request. */
const rejected = (dialect: TranscriptDialect, { index }: RecordedRequest): UpstreamStep[] => {
  if (index > 0) return whole(dialect)
  const body = REJECTIONS[dialect] ?? {
    error: { message: LIMIT, type: 'requests', param: null, code: 'rate_limit_exceeded' },
  }
  return [step.json(429, body, { 'retry-after': `${RETRY_AFTER}` })]
}

export type CaseName =
  | 'normal stream'
  | 'heartbeats before every event'
  | 'slow prefill'
  | 'clean end before the terminal mark'
  | 'error event of the model'
  | 'broken connection'
  | 'broken connection, event-then-break'
  | 'status 429'
  | 'status 429 after a slow prefill'
  | 'abort by the client'

export const CASES: Readonly<Record<CaseName, Case>> = {
  'normal stream': { upstream: whole },
  'heartbeats before every event': { upstream: whole, beating: { heartbeats: 50 } },
  'slow prefill': { upstream: whole, beating: { heartbeats: 20, beforeHead: true } },
  'clean end before the terminal mark': { upstream: (dialect) => part(dialect) },
  'error event of the model': { upstream: (dialect) => part(dialect, 'error') },
  'broken connection': { upstream: (dialect) => [...open(dialect), step.cut()] },
  'broken connection, event-then-break': {
    upstream: (dialect) => [...open(dialect), step.cut()],
    options: { upstreamErrors: 'event-then-break' },
  },
  'status 429': { upstream: rejected, retries: true },
  'status 429 after a slow prefill': {
    upstream: rejected,
    beating: { heartbeats: 2, beforeHead: true },
    retries: true,
  },
  'abort by the client': {
    upstream: (dialect) => [...open(dialect), step.hang()],
    aborts: true,
  },
}

export const CASE_NAMES: readonly CaseName[] = Object.keys(CASES) as CaseName[]
