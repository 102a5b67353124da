import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import { UpstreamPools } from '../upstream/upstream-pools.ts'
import { answer } from './answer.ts'
import { checkProxyOptions } from './check-proxy-options.ts'
import { checkRequest } from './check-request.ts'
import { Exchange } from './exchange.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'
import { proxySettings } from './proxy-settings.ts'
import { upstreamTargets } from './upstream-targets.ts'

/**
 * What `proxyFetch` takes: all of a proxy's options but those that need something to last between requests.
 * A breaker is one you keep.
 */
export interface ProxyFetchOptions extends Omit<ProxyOptions, 'pool' | 'breaker'> {
  /** A policy around the call, from the connection to the first event. @default none */
  breaker?: false | CallPolicy | undefined
}

/** One pool for every limit on connecting that was asked for: they are written in code, so they are few. */
let sharedPools: UpstreamPools | undefined

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
  checkRequest('proxyFetch', request)
  checkProxyOptions(options)
  checkLasting(options)
  const settings = proxySettings(options)
  sharedPools ??= new UpstreamPools({}, settings.timeouts.connectMs)
  const targetsFor = upstreamTargets(upstream, settings, options, sharedPools.fetchFor)
  return answer(new Exchange(request, settings), targetsFor, settings)
}

/** @throws TypeError for options that take effect only between requests, which a single call would ignore */
function checkLasting({ pool, breaker }: ProxyOptions): void {
  if (pool !== undefined) {
    throw new TypeError('proxyFetch has no option "pool": use sseProxy, or the option dispatcher')
  }
  if (breaker && !('execute' in breaker)) {
    throw new TypeError(
      'breaker must be a policy that you keep between calls of proxyFetch: use new CircuitBreaker(...)',
    )
  }
}
