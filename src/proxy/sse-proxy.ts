import { UpstreamPool } from '../transport/upstream-pool.ts'
import { createProxy, type SseProxy } from './create-proxy.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'

/**
 * Creates a handler that forwards every request to an upstream, over connections of its own.
 *
 * The handler has exactly one parameter, so the second arguments of hosts (`env`, `info`, `ctx`) have no effect. Bounds,
 * backpressure, cancellation and errors are those of {@link proxyFetch}.
 *
 * @throws TypeError or RangeError for wrong arguments, when it is created and not at the first request
 *
 * @example Put it behind a route
 * ```ts
 * import { sseProxy } from 'sse-stream-kit'
 *
 * const proxy = sseProxy('https://api.openai.com', {
 *   headers: { authorization: 'Bearer my-key' },
 *   onEnd: (summary) => console.log(summary.verdict, summary.events),
 * })
 * // app.post('/v1/*', (context) => proxy(context.req.raw))
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function sseProxy(upstream: Upstreams, options: ProxyOptions = {}): SseProxy {
  return createProxy(upstream, options, (pool) => new UpstreamPool(pool))
}
