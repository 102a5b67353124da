import { setTimeout as wait } from 'node:timers/promises'
import { KeepAliveClient } from '../clients/keep-alive-client.ts'
import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { ShortExchange } from '../upstream/short-exchange.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { type Busy, measureWindow } from './window.ts'

/** One round of one proxy with one kind of request. */
export interface RequestsRound {
  /** CPU time of the proxy per request, in microseconds. */
  cpuPerRequest: number
  requestsPerSecond: number
  /** Number of requests, all of which got the right response. */
  requests: number
  /** Connections that the proxy has closed and the clients opened again. */
  reconnects: number
  busy: Busy
}

export interface RequestsOptions {
  connections: number
  /** Duration of the measurement. */
  windowMs: number
}

/**
 * Keeps connections busy with short requests, each with one at a time.
 *
 * @throws Error if a response was not exactly the upstream's
 */
export async function measureRequests(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  exchange: ShortExchange,
  { connections, windowMs }: RequestsOptions,
): Promise<RequestsRound> {
  const clients = Array.from(
    { length: connections },
    () => new KeepAliveClient(proxy.port, exchange),
  )
  const failed = Promise.all(clients.map(({ done }) => done))
  failed.catch(() => {})
  const sum = (figure: 'responses' | 'connections'): number =>
    clients.reduce((total, client) => total + client[figure], 0)
  // Until every connection is open.
  await Promise.race([failed, wait(windowMs / 5)])
  let requests = 0
  const { cpu, seconds, busy } = await measureWindow(proxy, upstream, async () => {
    requests -= sum('responses')
    await Promise.race([failed, wait(windowMs)])
    requests += sum('responses')
  })
  await Promise.all(clients.map((client) => client.stop()))
  return {
    cpuPerRequest: cpu / requests,
    requestsPerSecond: requests / seconds,
    requests: sum('responses'),
    reconnects: sum('connections') - connections,
    busy,
  }
}
