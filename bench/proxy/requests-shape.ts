import { setTimeout as wait } from 'node:timers/promises'
import type { BenchChild } from './bench-child.ts'
import { FETCH_LOOP } from './contenders/all.ts'
import { median, range, table } from './figures.ts'
import { KeepAliveClient } from './keep-alive-client.ts'
import type { ProxyChild } from './proxy-child.ts'
import { SHORT_EXCHANGES, type ShortExchange } from './short-exchange.ts'
import type { UpstreamReport } from './upstream-process.ts'

/** Result of one round of one contender with one kind of request. */
export interface RequestsRound {
  /** CPU time of the proxy's process per request, in microseconds. */
  cpuPerRequest: number
  requestsPerSecond: number
  /** Connections that the proxy has closed and the clients opened again. */
  reconnects: number
  /** Shares of a core. */
  proxyBusy: number
  clientsBusy: number
  upstreamBusy: number
}

export interface RequestsOptions {
  connections: number
  /** Duration of the measurement. */
  windowMs: number
}

/** Short requests: connections that are kept busy, each with one request at a time. */
export async function measureRequests(
  proxy: ProxyChild,
  upstream: BenchChild<UpstreamReport>,
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
  const snapshot = async () => ({
    proxy: (await proxy.ask()).cpuMicroseconds,
    upstream: (await upstream.ask('report')).cpuMicroseconds,
    clients: process.cpuUsage(),
    responses: sum('responses'),
    at: performance.now(),
  })
  await Promise.race([failed, wait(windowMs / 5)])
  const before = await snapshot()
  await Promise.race([failed, wait(windowMs)])
  const after = await snapshot()
  const reconnects = sum('connections') - connections
  await Promise.all(clients.map((client) => client.stop()))
  const requests = after.responses - before.responses
  const micros = (after.at - before.at) * 1000
  const { user, system } = after.clients
  return {
    cpuPerRequest: (after.proxy - before.proxy) / requests,
    requestsPerSecond: (requests / micros) * 1e6,
    reconnects,
    proxyBusy: (after.proxy - before.proxy) / micros,
    clientsBusy: (user + system - before.clients.user - before.clients.system) / micros,
    upstreamBusy: (after.upstream - before.upstream) / micros,
  }
}

/** Rounds by contender and kind of request. */
export type RequestsResults = ReadonlyMap<string, Readonly<Record<'GET' | 'POST', RequestsRound[]>>>

export async function requestsShape(
  proxies: ReadonlyMap<string, ProxyChild>,
  upstream: BenchChild<UpstreamReport>,
  { rounds, ...options }: RequestsOptions & { rounds: number },
): Promise<RequestsResults> {
  const results = new Map<string, Record<'GET' | 'POST', RequestsRound[]>>()
  for (const [name, proxy] of proxies) {
    process.stderr.write(`short requests, warming up: ${name}\n`)
    results.set(name, { GET: [], POST: [] })
    // Until its code is compiled, a proxy is slower.
    for (const exchange of SHORT_EXCHANGES) {
      await measureRequests(proxy, upstream, exchange, {
        ...options,
        windowMs: options.windowMs * 2,
      })
    }
  }
  // In turns: a slowdown of the machine then affects all of them.
  for (let round = 0; round < rounds; round++) {
    for (const [name, proxy] of proxies) {
      process.stderr.write(`short requests, round ${round + 1} of ${rounds}: ${name}\n`)
      for (const exchange of SHORT_EXCHANGES) {
        const result = await measureRequests(proxy, upstream, exchange, options)
        results.get(name)?.[exchange.name].push(result)
      }
    }
  }
  return results
}

export function requestsReport(results: RequestsResults): string {
  const rows = [...results].flatMap(([name, kinds]) =>
    (['GET', 'POST'] as const).map((kind) => {
      const rounds = kinds[kind]
      const of = (figure: keyof RequestsRound): number[] => rounds.map((round) => round[figure])
      const base = results.get(FETCH_LOOP)?.[kind]
      const ratios =
        base && of('cpuPerRequest').map((cpu, at) => cpu / (base[at]?.cpuPerRequest ?? 0))
      const percent = (figure: 'proxyBusy' | 'clientsBusy' | 'upstreamBusy'): string =>
        `${(100 * median(of(figure))).toFixed(0)} %`
      return [
        name,
        kind,
        median(of('cpuPerRequest')).toFixed(0),
        range(of('cpuPerRequest'), 0),
        ratios ? median(ratios).toFixed(2) : '',
        median(of('requestsPerSecond')).toFixed(0),
        percent('proxyBusy'),
        percent('clientsBusy'),
        percent('upstreamBusy'),
        String(Math.max(...of('reconnects'))),
      ]
    }),
  )
  const head = [
    ...['', 'request', 'CPU us a request', 'from - to', 'x fetch loop', 'requests a second'],
    ...['proxy busy', 'clients busy', 'upstream busy', 'reconnects'],
  ]
  return table(head, rows)
}
