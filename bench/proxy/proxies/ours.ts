import type { RequestListener } from 'node:http'
import { Budget, type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { StreamRegistry } from 'sse-stream-kit/metrics'
import { toNodeHandler } from 'sse-stream-kit/node'

/** What every stream passes: frames, dialect, verdict, heartbeat, metrics, watermarks, limits. */
const EVERYTHING: ProxyOptions = {
  // Longer than any stream of the bench is idle: its bytes are compared.
  heartbeat: { intervalMs: 60_000 },
  watermark: { highBytes: 65_536, lowBytes: 16_384 },
  onEnd: () => {},
}

export function ours(origin: string): RequestListener {
  return toNodeHandler(sseProxy(origin, { ...EVERYTHING, metrics: new StreamRegistry() }))
}

/** Every option that leaves the bytes unchanged: a `transform` would decode every event. */
export function oursResilient(origin: string): RequestListener {
  const proxy = sseProxy(origin, {
    ...EVERYTHING,
    metrics: new StreamRegistry(),
    budget: new Budget({ maxBytes: 67_108_864 }),
    retry: {},
    breaker: {},
    forwarded: {},
    upstreamErrors: 'event-then-break',
  })
  return toNodeHandler(proxy)
}
