import type { BenchOptions } from '../bench-options.ts'
import type { BenchResults, Rounds } from '../bench-results.ts'
import { DIRECT, FETCH_LOOP, NGINX, PIPE } from '../proxies/names.ts'
import type { SteadyRound } from '../shapes/steady.ts'
import { median, percent, range, ratioTo, table, text, valuesOf } from './figures.ts'

const cpuOf = (round: SteadyRound): number => round.cpuPerEvent

/** Cost of an event, by the number of streams and at saturation. */
export function steadyTables(
  { steady, saturation }: BenchResults,
  { everyMsOf }: BenchOptions,
): string[] {
  const tables = [...steady]
    .filter(([streams]) => streams === referenceStreams(steady.keys()))
    .map(([streams, rounds]) =>
      table(
        `Steady events: ${streams} streams, an event of about 180 bytes every ${everyMsOf(streams)} ms in each`,
        [
          ...['', 'CPU us an event', 'from - to', `x ${PIPE}`, `x ${FETCH_LOOP}`, `x ${NGINX}`],
          ...['events a chunk', 'proxy busy', 'clients busy', 'upstream busy'],
        ],
        [...rounds.keys()].filter((name) => name !== DIRECT).map((name) => row(rounds, name)),
      ),
    )
  if (steady.size > 1) tables.push(byStreams(steady))
  if (saturation.size > 0) tables.push(saturationTable(saturation))
  return tables
}

/** The number of streams at which proxies are compared: 300 if that was measured. */
export function referenceStreams(measured: Iterable<number>): number {
  const counts = [...measured]
  return counts.includes(300) ? 300 : (counts[0] ?? 0)
}

function row(rounds: Rounds<SteadyRound>, name: string): string[] {
  const busy = (of: keyof SteadyRound['busy']): string =>
    percent(median(valuesOf(rounds, name, (round) => round.busy[of])))
  const own = valuesOf(rounds, name, cpuOf)
  return [
    name,
    text(median(own), 1),
    range(own, 1),
    ...[PIPE, FETCH_LOOP, NGINX].map((base) => text(ratioTo(rounds, name, base, cpuOf), 2)),
    text(median(valuesOf(rounds, name, (round) => round.eventsPerChunk)), 2),
    ...[busy('proxy'), busy('clients'), busy('upstream')],
  ]
}

function byStreams(steady: BenchResults['steady']): string {
  const names = new Set([...steady.values()].flatMap((rounds) => [...rounds.keys()]))
  names.delete(DIRECT)
  return table(
    'CPU us an event by the number of streams',
    ['', ...[...steady.keys()].map(String)],
    [...names].map((name) => [
      name,
      ...[...steady.values()].map((rounds) => text(median(valuesOf(rounds, name, cpuOf)), 1)),
    ]),
  )
}

function saturationTable(saturation: BenchResults['saturation']): string {
  return table(
    'Saturation: 50 streams at once, sent as fast as the proxy takes them, each event in an HTTP chunk of its own',
    [
      ...['', 'events a second', 'from - to', 'CPU us an event', 'events a second of CPU time'],
      ...['proxy busy', 'clients busy', 'upstream busy'],
    ],
    [...saturation.keys()].map((name) => {
      const all = valuesOf(saturation, name, (round) => round.eventsPerSecond)
      const busy = (of: keyof SteadyRound['busy']): string =>
        percent(median(valuesOf(saturation, name, (round) => round.busy[of])))
      const cpu = median(valuesOf(saturation, name, (round) => round.cpuPerEvent))
      return [
        name,
        text(median(all), 0),
        range(all, 0),
        text(cpu, 2),
        text(1e6 / cpu, 0),
        ...[busy('proxy'), busy('clients'), busy('upstream')],
      ]
    }),
  )
}
