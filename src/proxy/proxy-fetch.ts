import { UpstreamPool } from '../transport/upstream-pool.ts'
import { fetchThrough, type ProxyFetchOptions } from './fetch-through.ts'
import type { Upstreams } from './proxy-options.ts'

/** Has one agent per `connectMs`. The values are literals in code, so there are few. */
let sharedPool: UpstreamPool | undefined

/**
 * Forwards one request to an upstream and returns the response; an event stream arrives event by event.
 *
 * Appends the path and query of the request to the upstream's URL. {@link sseProxy} creates a handler that does so for
 * every request, over connections of its own.
 *
 * - Holds at most `watermark.highBytes` and one unfinished event per stream.
 * - Backpressure: a client that does not read stops the upstream, through its TCP window.
 * - Cancel: when the client leaves, by the request's signal or a cancel of the body, the upstream's socket closes at
 *   once.
 * - Error: before the headers a JSON error with a stable `code` (502, 504; 400 for a request that cannot be
 *   forwarded), after them the body errors, so that a truncated response never looks complete.
 *
 * @throws TypeError or RangeError for wrong arguments; failures of the network become responses
 *
 * @example Stream a completion
 * ```ts no-run
 * import { proxyFetch } from 'sse-stream-kit'
 *
 * export function POST(request: Request): Promise<Response> {
 *   return proxyFetch(request, 'https://api.openai.com', {
 *     headers: { authorization: `Bearer ${process.env['OPENAI_API_KEY']}` },
 *   })
 * }
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function proxyFetch(
  request: Request,
  upstream: Upstreams,
  options: ProxyFetchOptions = {},
): Promise<Response> {
  sharedPool ??= new UpstreamPool()
  return fetchThrough(sharedPool, request, upstream, options)
}
