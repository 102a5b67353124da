import type { BenchResults } from '../bench-results.ts'
import { FETCH_LOOP, NGINX, OURS, PIPE } from '../proxies/names.ts'
import { median, quantile, ratioTo, text, valuesOf } from './figures.ts'
import { arrivalStreams, firstBytes } from './request-tables.ts'
import { referenceStreams } from './steady-tables.ts'

/** Where ours should be; less is better. */
interface Target {
  figure: string
  unit: 'x' | 'KB' | 'ms'
  atMost: number
  aim: number
  /** `NaN` where it was not measured. */
  value: number
}

/** `highBytes` of the proxy that is measured, and what may be held beyond it. */
const HIGH_KB = 65_536 / 1000
const MORE_KB = 65_536 / 1000
const MEMORY_STREAMS = 1000
const MANY_STREAMS = 5000

/** One line for each target that was measured: whether it is reached, and how far the aim is. */
export function targetLines(results: BenchResults): string[] {
  return targetsOf(results)
    .filter(({ value }) => Number.isFinite(value))
    .map(({ figure, unit, atMost, aim, value }) => {
      const digits = unit === 'x' ? 2 : 1
      const shown = (number: number): string => `${text(number, digits)} ${unit}`
      const verdict = value <= atMost ? 'reached' : 'missed'
      const distance = value <= aim ? 'reached' : `${shown(value - aim)} away`
      return `- target ${figure} <= ${shown(atMost)}: ${verdict} (${shown(value)}); aim ${shown(aim)}: ${distance}`
    })
}

function targetsOf(results: BenchResults): Target[] {
  const { steady, requests, memory, stalled, atOnce, closes } = results
  const streams = referenceStreams(steady.keys())
  const arrivals = arrivalStreams(steady)
  const cpuAgainst = (base: string): number =>
    ratioTo(steady.get(streams), OURS, base, (round) => round.cpuPerEvent)
  const memoryAgainstPipe = (of: 'idle' | 'flowing'): number =>
    ratioTo(memory.get(MEMORY_STREAMS), OURS, PIPE, (round) => round[of].rssBytes)
  const memoryPerStream = (of: 'idle' | 'flowing'): number => {
    const figure = (round: Record<typeof of, { rssBytes: number }>) => round[of].rssBytes
    return median(valuesOf(memory.get(MANY_STREAMS), OURS, figure)) / 1000 / MANY_STREAMS
  }
  const held = stalled.get(OURS)?.flatMap(({ heldBytes }) => heldBytes) ?? []
  const closeP99 = valuesOf(closes, OURS, ({ closeMs }) => quantile(closeMs, 0.99))
  const targets: Target[] = [
    {
      figure: `CPU per event, ${streams} streams, against ${PIPE}`,
      ...{ unit: 'x', atMost: 1.05, aim: 0.9, value: cpuAgainst(PIPE) },
    },
    {
      figure: `CPU per event, ${streams} streams, against ${NGINX}`,
      ...{ unit: 'x', atMost: 2, aim: 1.6, value: cpuAgainst(NGINX) },
    },
    {
      figure: `CPU per POST request against ${FETCH_LOOP}`,
      ...{ unit: 'x', atMost: 1.2, aim: 0.8 },
      value: ratioTo(requests.POST, OURS, FETCH_LOOP, (round) => round.cpuPerRequest),
    },
    ...(['idle', 'flowing'] as const).flatMap((of): Target[] => [
      {
        figure: `resident at ${MEMORY_STREAMS} ${of} streams against ${PIPE}`,
        ...{ unit: 'x', atMost: 1.25, aim: 1, value: memoryAgainstPipe(of) },
      },
      {
        figure: `resident of the process per stream at ${MANY_STREAMS} ${of} streams`,
        ...{ unit: 'KB', atMost: 120, aim: 80, value: memoryPerStream(of) },
      },
    ]),
    {
      figure: 'held for a client that reads nothing, beyond kernel buffers',
      ...{ unit: 'KB', atMost: HIGH_KB + MORE_KB, aim: HIGH_KB },
      value: held.length === 0 ? NaN : Math.max(...held) / 1000,
    },
    {
      figure: `first byte p50, all at once, against ${FETCH_LOOP}`,
      ...{ unit: 'x', atMost: 1.2, aim: 0.9 },
      value: ratioTo(atOnce, OURS, FETCH_LOOP, (round) => median(round.firstByteMs)),
    },
    {
      figure: `first byte p99 added, ${arrivals} streams that arrive one after the other`,
      ...{ unit: 'ms', atMost: 10, aim: 3 },
      value: firstBytes(steady.get(arrivals), OURS).added99,
    },
    {
      figure: 'close of a client to close of its upstream connection, p99',
      ...{ unit: 'ms', atMost: 50, aim: 10, value: median(closeP99) },
    },
  ]
  return targets
}
