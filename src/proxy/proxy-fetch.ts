import { UpstreamPool } from '../transport/upstream-pool.ts'
import { fetchThrough, type ProxyFetchOptions } from './fetch-through.ts'
import type { Upstreams } from './proxy-options.ts'

/** It has one agent for every limit on connecting that was asked for: they are written in code, so they are few. */
let sharedPool: UpstreamPool | undefined

/**
 * Passes one request on to an upstream and answers with what comes back; an event stream comes event by event.
 *
 * The path and query of the request are joined to the upstream's URL. See {@link sseProxy} for a handler that
 * does the same for every request, with connections of its own.
 *
 * - Holds at most `watermark.highBytes` and one unfinished event per stream.
 * - Backpressure: a client that does not read stops the upstream, down to its TCP window.
 * - Client gone, by the request's signal or by a cancel of the body: the upstream's socket closes at once.
 * - Error: before the headers a JSON error with a stable `code` (502, 504; 400 for a request that cannot be
 *   passed on), after them the body errors, so that a truncated answer never looks complete.
 *
 * @throws TypeError or RangeError for wrong arguments; whatever happens on the network is an answer instead
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
