import type { Budget } from '../../src/pipeline/budget.ts'
import type { SseProxy } from '../../src/proxy/create-proxy.ts'
import { proxyFetch } from '../../src/proxy/proxy-fetch.ts'
import type { ProxyOptions } from '../../src/proxy/proxy-options.ts'
import { sseProxy } from '../../src/proxy/sse-proxy.ts'
import type { StreamSummary } from '../../src/proxy/stream-summary.ts'
import { rewrite } from './some-frames.ts'
import type { Route } from './stream-plan.ts'

/** Where lanes send their requests, and what they share. */
export interface LaneContext {
  plain: string
  secure: string
  /** HTTP/2: its streams share connections. */
  http2: NonNullable<ProxyOptions['dispatcher']>
  budget: Budget
  metrics: NonNullable<ProxyOptions['metrics']>
}

/**
 * A proxy that carries one stream after the other, so that every summary belongs to exactly
 * one stream.
 */
export interface Lane {
  readonly route: Route
  readonly handler: (request: Request) => Promise<Response>
  /** Absent for the one-shot function, which has no proxy object. */
  readonly proxy: SseProxy | undefined
  /** The summaries since the last call. */
  takeSummaries(): StreamSummary[]
  /** Resolves when there is one. */
  summary(): Promise<unknown>
}

/**
 * One value for all. Longer than a busy machine delays the process: with 1.5 s, streams timed
 * out next to a running compiler. Short enough for thousands of streams.
 */
export const LIMIT_MS = 3_000
export const HEARTBEAT: Buffer = Buffer.from(': beat\n\n')

export function openLane(route: Route, context: LaneContext): Lane {
  const summaries: StreamSummary[] = []
  let onSummary = (): void => {}
  const options: ProxyOptions = {
    heartbeat: { intervalMs: 4, frame: HEARTBEAT.toString() },
    timeouts: {
      connectMs: LIMIT_MS,
      headersMs: LIMIT_MS,
      firstEventMs: LIMIT_MS,
      idleMs: LIMIT_MS,
      clientStallMs: LIMIT_MS,
    },
    watermark: { highBytes: 16_384 },
    // Every byte of the upstream is accounted for, also those behind the last event.
    truncation: 'pass',
    budget: context.budget,
    metrics: context.metrics,
    onEnd: (summary) => {
      summaries.push(summary)
      onSummary()
    },
    ...optionsOf(route, context),
  }
  const upstream =
    route === 'fallback'
      ? [`${context.plain}/first`, `${context.plain}/second`]
      : route === 'http2'
        ? context.secure
        : context.plain
  const proxy = route === 'fetched' ? undefined : sseProxy(upstream, options)
  return {
    route,
    proxy,
    handler: proxy ?? ((request) => proxyFetch(request, upstream, { ...options, breaker: false })),
    takeSummaries: () => summaries.splice(0),
    summary: () =>
      new Promise<void>((resolve) => {
        onSummary = resolve
        if (summaries.length > 0) resolve()
      }),
  }
}

function optionsOf(route: Route, { http2 }: LaneContext): ProxyOptions {
  switch (route) {
    case 'transformed':
      return { transform: rewrite }
    case 'retried':
      return { retry: { attempts: 3, baseMs: 1, maxMs: 5 } }
    case 'guarded':
      return { breaker: { failures: 3, windowMs: 2_000, cooldownMs: 50 }, heartbeat: false }
    case 'http2':
      return { dispatcher: http2 }
    case 'told':
      return { upstreamErrors: 'event-then-break' }
    default:
      return {}
  }
}
