import type { BenchOptions } from '../bench-options.ts'
import type { BenchResults, Rounds } from '../bench-results.ts'
import { DIRECT, FETCH_LOOP, PIPE } from '../proxies/names.ts'
import type { RequestsRound } from '../shapes/requests.ts'
import { median, percent, quantile, range, ratioTo, table, text, valuesOf } from './figures.ts'

const cpu = (round: RequestsRound): number => round.cpuPerRequest

const TITLES = {
  GET: 'GET with a response of one event',
  POST: 'POST with 600 bytes of JSON',
}

/** Cost of a request. */
export function requestTables({ requests }: BenchResults, { connections }: BenchOptions): string[] {
  return (['GET', 'POST'] as const)
    .filter((kind) => requests[kind].size > 0)
    .map((kind) =>
      table(
        `Short requests: ${TITLES[kind]}, ${connections} connections kept busy`,
        [
          ...['', 'CPU us a request', 'from - to', `x ${PIPE}`, `x ${FETCH_LOOP}`],
          ...['requests a second', 'proxy busy', 'clients busy', 'upstream busy', 'reconnects'],
        ],
        [...requests[kind].keys()].map((name) => row(requests[kind], name)),
      ),
    )
}

function row(rounds: Rounds<RequestsRound>, name: string): string[] {
  const busy = (of: keyof RequestsRound['busy']): string =>
    percent(median(valuesOf(rounds, name, (round) => round.busy[of])))
  const own = valuesOf(rounds, name, cpu)
  return [
    name,
    text(median(own), 0),
    range(own, 0),
    ...[PIPE, FETCH_LOOP].map((base) => text(ratioTo(rounds, name, base, cpu), 2)),
    text(median(valuesOf(rounds, name, (round) => round.requestsPerSecond)), 0),
    ...[busy('proxy'), busy('clients'), busy('upstream')],
    text(Math.max(...valuesOf(rounds, name, (round) => round.reconnects)), 0),
  ]
}

/** First bytes of one proxy, in milliseconds. */
export interface FirstBytes {
  p50: number
  p99: number
  /** Over a direct connection. */
  added50: number
  added99: number
}

export function firstBytes(
  rounds: Rounds<{ firstByteMs: number[] }> | undefined,
  name: string,
): FirstBytes {
  // Of each round, and of these the median: one round on a busy machine would decide a quantile of all.
  const of = (proxy: string, share: number): number =>
    median(valuesOf(rounds, proxy, ({ firstByteMs }) => quantile(firstByteMs, share)))
  const [p50, p99] = [of(name, 0.5), of(name, 0.99)]
  return { p50, p99, added50: p50 - of(DIRECT, 0.5), added99: p99 - of(DIRECT, 0.99) }
}

/** Times to the first byte. */
export function firstByteTables(
  { steady, atOnce }: BenchResults,
  { atOnce: requests }: BenchOptions,
): string[] {
  const arrivals = arrivalStreams(steady)
  const title = (what: string): string => `First byte, ${what}, ms`
  const tables: string[] = []
  const rounds = steady.get(arrivals)
  if (rounds !== undefined)
    tables.push(
      firstByteTable(
        title(`${arrivals} streams that arrive one after the other while others flow`),
        rounds,
      ),
    )
  if (atOnce.size > 0) {
    tables.push(firstByteTable(title(`${requests} new connections at the same moment`), atOnce))
  }
  return tables
}

/** The number of streams at which arrivals are compared: 500 if that was measured with a direct connection. */
export function arrivalStreams(steady: BenchResults['steady']): number {
  const counts = [...steady].filter(([, rounds]) => rounds.has(DIRECT)).map(([streams]) => streams)
  return counts.includes(500) ? 500 : (counts.at(-1) ?? 0)
}

function firstByteTable(title: string, rounds: Rounds<{ firstByteMs: number[] }>): string {
  return table(
    title,
    ['', 'p50', 'p99', 'p50 added', 'p99 added'],
    [...rounds.keys()].map((name) => {
      const { p50, p99, added50, added99 } = firstBytes(rounds, name)
      return [name, ...[p50, p99, added50, added99].map((ms) => text(ms, 1))]
    }),
  )
}
