import type { BenchResults } from '../bench-results.ts'
import { DIRECT, FETCH_LOOP, OURS, OURS_RESILIENT, PIPE } from '../proxies/names.ts'
import { median, valuesOf } from './figures.ts'
import { type Line, linePlot } from './line-plot.ts'

/** Drawn in colour; the others are grey. */
const MAIN: readonly string[] = [OURS, FETCH_LOOP, PIPE]

/** The CPU cost of an event by the number of streams, as SVG; `undefined` if only one number was measured. */
export function costPlot({ steady }: BenchResults, nodeVersion: string): string | undefined {
  if (steady.size < 2) return undefined
  const names = new Set([...steady.values()].flatMap((rounds) => [...rounds.keys()]))
  for (const name of [DIRECT, OURS_RESILIENT]) names.delete(name)
  const lines = [...names].map((name): Line => {
    const points = [...steady].flatMap(([streams, rounds]): [number, number][] => {
      const value = median(valuesOf(rounds, name, (round) => round.cpuPerEvent))
      return Number.isFinite(value) ? [[streams, value]] : []
    })
    const rank = MAIN.indexOf(name)
    return { name, points, rank: rank === -1 ? undefined : rank }
  })
  return linePlot(lines, {
    title: `CPU time of a proxy per event, in microseconds (Node ${nodeVersion}, one core)`,
    xTitle: 'open streams',
  })
}
