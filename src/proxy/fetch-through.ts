import type { TransportPool } from '../transport/transport.ts'
import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import { checkProxyOptions } from './check-proxy-options.ts'
import { checkRequest } from './check-request.ts'
import { Exchange } from './exchange.ts'
import { FetchRequest } from './fetch-request.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'
import { proxySettings } from './proxy-settings.ts'
import { respond } from './respond.ts'
import { toResponse } from './to-response.ts'
import { upstreamTargets } from './upstream-targets.ts'

/**
 * The options of `proxyFetch`: those of a proxy, except those that need state between requests. A breaker is one that
 * you keep.
 */
export interface ProxyFetchOptions extends Omit<ProxyOptions, 'pool' | 'breaker'> {
  /** A policy around each attempt, from the connection to the first event. @default false */
  breaker?: false | CallPolicy | undefined
}

/**
 * Forwards one request to an upstream, over the connections of a pool that outlives it.
 *
 * @throws TypeError or RangeError for wrong arguments
 */
export async function fetchThrough(
  pool: TransportPool,
  request: Request,
  upstream: Upstreams,
  options: ProxyFetchOptions,
): Promise<Response> {
  checkRequest('proxyFetch', request)
  checkProxyOptions(options)
  checkLasting(options)
  const settings = proxySettings(options)
  const pooled = (connectMs: number) => pool.transport(connectMs)
  const targetsFor = upstreamTargets(upstream, settings, options, pooled)
  const exchange = new Exchange(new FetchRequest(request), settings)
  return toResponse(await respond(exchange, targetsFor, settings))
}

/** @throws TypeError for options that have an effect only between requests */
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
