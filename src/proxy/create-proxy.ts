import { callHook } from '../base/call-hook.ts'
import { checkNumber } from '../base/check-number.ts'
import { type ClientRequest, type ClientResponse, DIRECT } from '../base/client-request.ts'
import { startDeadline } from '../base/deadline.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { TransportPool } from '../transport/transport.ts'
import type { UpstreamPoolOptions } from '../transport/upstream-pool.ts'
import { checkProxyOptions } from './check-proxy-options.ts'
import { checkRequest } from './check-request.ts'
import { Exchange } from './exchange.ts'
import { FetchRequest } from './fetch-request.ts'
import { ProxyCounters, type ProxyMetrics } from './proxy-counters.ts'
import type { ProxyOptions, Upstreams } from './proxy-options.ts'
import { proxySettings } from './proxy-settings.ts'
import { refuseDraining, respond } from './respond.ts'
import { toResponse } from './to-response.ts'
import { upstreamTargets } from './upstream-targets.ts'

/** How a proxy closes. */
export interface CloseOptions {
  /** Running streams are broken off after this many milliseconds; 0 for at once. @default 30_000 */
  drainMs?: number | undefined
}

/** A handler for any fetch-style host. */
export interface SseProxy {
  (request: Request): Promise<Response>
  /** Figures of this proxy since it was created. */
  readonly metrics: ProxyMetrics
  /**
   * Refuses new requests with 503, waits up to `drainMs` for running streams to end, breaks off the others, and closes
   * the connections. Resolves once all of that is done.
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Creates a proxy with a connection pool of its own. This module loads without undici.
 *
 * @throws TypeError or RangeError for wrong arguments
 */
export function createProxy(
  upstream: Upstreams,
  options: ProxyOptions,
  createPool: (options: UpstreamPoolOptions | undefined) => TransportPool,
): SseProxy {
  const counters = new ProxyCounters()
  checkProxyOptions(options)
  const settings = proxySettings(options)
  settings.metrics = [counters, ...settings.metrics]
  const pool = createPool(options.pool)
  const pooled = (connectMs: number) => pool.transport(connectMs)
  const targetsFor = upstreamTargets(upstream, settings, options, pooled)
  const running = new Set<Exchange>()
  let closing: Promise<void> | undefined
  let onIdle: (() => void) | undefined

  const onOver = (exchange: Exchange): void => {
    running.delete(exchange)
    if (running.size === 0) onIdle?.()
  }
  const direct = (client: ClientRequest): Promise<ClientResponse> => {
    // Counted like any other response, so that a shutdown shows in the metrics as it does to clients.
    if (closing !== undefined) {
      return Promise.resolve(refuseDraining(new Exchange(client, settings)))
    }
    const exchange = new Exchange(client, settings, onOver)
    running.add(exchange)
    return respond(exchange, targetsFor, settings)
  }
  const proxy = async (request: Request): Promise<Response> => {
    checkRequest('The proxy', request)
    return toResponse(await direct(new FetchRequest(request)))
  }
  const close = ({ drainMs = 30_000 }: CloseOptions = {}): Promise<void> => {
    checkNumber('drainMs', drainMs, { min: 0, infinity: true, fraction: true })
    if (closing === undefined) {
      for (const sink of settings.metrics) callHook('metrics.draining', () => sink.draining?.())
    }
    closing ??= drain(drainMs)
    return closing
  }
  return Object.defineProperties(proxy, {
    metrics: { value: counters, enumerable: true },
    close: { value: close, enumerable: true },
    [DIRECT]: { value: direct },
  }) as SseProxy

  async function drain(drainMs: number): Promise<void> {
    if (running.size > 0 && drainMs > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined
      await new Promise<void>((resolve) => {
        onIdle = resolve
        timer = startDeadline(drainMs, resolve)
      })
      clearTimeout(timer)
    }
    const reason = new SseKitError('SSE_DRAINING', 'The server is shutting down')
    for (const exchange of running) exchange.abort(reason)
    await pool.destroy()
  }
}
