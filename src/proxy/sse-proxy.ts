import { UpstreamPool } from '../transport/upstream-pool.ts'
import { createProxy, type SseProxy } from './create-proxy.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'

/**
 * Makes a handler that passes every request on to an upstream, with connections of its own.
 *
 * It declares exactly one parameter, so that the second ones of hosts (`env`, `info`, `ctx`) touch nothing.
 * What it holds, backpressure, cancellation and errors: as {@link proxyFetch}.
 *
 * @throws TypeError or RangeError for wrong arguments, here and not at the first request
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
