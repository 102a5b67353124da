import type { BenchResults, Rounds } from '../bench-results.ts'
import { PIPE } from '../proxies/names.ts'
import { MAX_CLOSE_MS } from '../shapes/closes.ts'
import type { MemoryFigures } from '../shapes/memory.ts'
import { median, quantile, ratioTo, table, text, valuesOf } from './figures.ts'

/** Memory of open streams, and what happens when clients leave. */
export function streamTables({ memory, stalled, closes }: BenchResults): string[] {
  const tables = [...memory].map(([streams, rounds]) => memoryTable(streams, rounds))
  if (stalled.size > 0) tables.push(stalledTable(stalled))
  if (closes.size > 0) tables.push(closesTable(closes))
  return tables
}

function memoryTable(streams: number, rounds: Rounds<MemoryFigures>): string {
  const resident = (of: 'none' | 'idle' | 'flowing') => (round: MemoryFigures) =>
    round[of].rssBytes / 1e6
  const aStream = (of: 'idle' | 'flowing') => (round: MemoryFigures) =>
    kilobytesMore(round[of].rssBytes, round.none.rssBytes, streams)
  const heap = ({ none, idleCollected }: MemoryFigures): number =>
    kilobytesMore(idleCollected.heapBytes ?? NaN, none.heapBytes ?? NaN, streams)
  return table(
    `Memory of ${streams} streams`,
    [
      ...['', 'resident without streams, MB', 'idle, MB', 'flowing, MB', `flowing, x ${PIPE}`],
      ...['a stream, idle, KB', 'a stream, flowing, KB'],
      'heap and buffers of an idle stream after a collection, KB',
    ],
    [...rounds.keys()].map((name) => {
      const value = (figure: (round: MemoryFigures) => number): number =>
        median(valuesOf(rounds, name, figure))
      return [
        name,
        ...(['none', 'idle', 'flowing'] as const).map((of) => text(value(resident(of)), 0)),
        text(ratioTo(rounds, name, PIPE, resident('flowing')), 2),
        ...[aStream('idle'), aStream('flowing'), heap].map((figure) => text(value(figure), 1)),
      ]
    }),
  )
}

function kilobytesMore(bytes: number, before: number, streams: number): number {
  return (bytes - before) / 1000 / streams
}

function stalledTable(stalled: BenchResults['stalled']): string {
  const [{ streams } = { streams: 0 }] = [...stalled.values()].flat()
  return table(
    `${streams} clients that read nothing, the upstream sending as fast as it can`,
    [
      ...['', 'held a stream, KB, median', 'largest', 'resident a stream, garbage included, KB'],
      'heap and buffers a stream after a collection, KB',
    ],
    [...stalled].map(([name, rounds]) => {
      const held = rounds.flatMap(({ heldBytes }) => heldBytes).map((bytes) => bytes / 1000)
      const resident = rounds.map((round) =>
        kilobytesMore(round.stalled.rssBytes, round.none.rssBytes, streams),
      )
      const heap = rounds.map(({ none, stalledCollected }) =>
        kilobytesMore(stalledCollected.heapBytes ?? NaN, none.heapBytes ?? NaN, streams),
      )
      return [
        name,
        ...[median(held), Math.max(...held), median(resident), median(heap)].map((kilobytes) =>
          text(kilobytes, 0),
        ),
      ]
    }),
  )
}

function closesTable(closes: BenchResults['closes']): string {
  return table(
    'From the close of a client to the close of its upstream connection, ms',
    ['', 'p50', 'p99', `still open after ${MAX_CLOSE_MS} ms`],
    [...closes].map(([name, rounds]) => {
      const unclosed = rounds.reduce((sum, round) => sum + round.unclosed, 0)
      return [
        name,
        ...[0.5, 0.99].map((share) =>
          text(median(rounds.map(({ closeMs }) => quantile(closeMs, share))), 1),
        ),
        String(unclosed),
      ]
    }),
  )
}
