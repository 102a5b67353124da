import type { TransportPool } from '../transport/transport.ts'
import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import { checkProxyOptions } from './check-proxy-options.ts'
import { checkRequest } from './check-request.ts'
import { Exchange } from './exchange.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'
import { proxySettings } from './proxy-settings.ts'
import { respond } from './respond.ts'
import { upstreamTargets } from './upstream-targets.ts'

/**
 * What `proxyFetch` takes: all of a proxy's options but those that need something to last between requests.
 * A breaker is one you keep.
 */
export interface ProxyFetchOptions extends Omit<ProxyOptions, 'pool' | 'breaker'> {
  /** A policy around the call, from the connection to the first event. @default none */
  breaker?: false | CallPolicy | undefined
}

/**
 * Passes one request on to an upstream over connections of a pool, which outlives it.
 *
 * @throws TypeError or RangeError for wrong arguments
 */
export function fetchThrough(
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
  return respond(new Exchange(request, settings), targetsFor, settings)
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
