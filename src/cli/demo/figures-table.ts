import type { MeasuredAnswer } from './measure-answer.ts'

interface Row {
  title: string
  show(answer: MeasuredAnswer): string
  /** The wait that the row shows, where less is better. */
  waitMs?: (answer: MeasuredAnswer) => number | undefined
}

const ROWS: readonly Row[] = [
  waitRow('first token after', ({ firstTokenMs }) => firstTokenMs),
  { title: 'total', show: ({ totalMs }) => seconds(totalMs) },
  { title: 'first of total', show: share },
  { title: 'events', show: ({ events }) => String(events) },
  { title: 'heartbeats', show: ({ heartbeats }) => String(heartbeats) },
  waitRow('longest token gap', ({ longestGapMs }) => longestGapMs),
  waitRow('longest silence', ({ longestSilenceMs }) => longestSilenceMs),
]
/** Waits that differ by less count as equal, in milliseconds: more than one unit of the last digit shown. */
const SAME_MS = 20
/** Three columns fit into 50 cells. */
const CELL_WIDTH = 15

/** Returns the figures of several responses as lines of a table; a `*` marks the shortest wait of a row. */
export function figuresTable(answers: readonly (readonly [string, MeasuredAnswer])[]): string[] {
  const width = Math.max(...ROWS.map(({ title }) => title.length))
  const line = (title: string, cells: readonly string[]): string =>
    [title.padEnd(width), ...cells.map((cell) => cell.padStart(CELL_WIDTH))].join(' ')
  return [
    line(
      '',
      answers.map(([name]) => name),
    ),
    ...ROWS.map(({ title, show, waitMs }) => {
      const waits = answers.map(([, answer]) => waitMs?.(answer) ?? Infinity)
      const cells = answers.map(([, answer], index) => {
        const others = waits.filter((_, other) => other !== index)
        const isBest = (waits[index] ?? Infinity) + SAME_MS < Math.min(...others)
        return `${isBest ? '* ' : ''}${show(answer)}`
      })
      return line(title, cells)
    }),
  ]
}

function waitRow(title: string, waitMs: (answer: MeasuredAnswer) => number | undefined): Row {
  return { title, waitMs, show: (answer) => seconds(waitMs(answer)) }
}

function seconds(durationMs: number | undefined): string {
  return durationMs === undefined ? '-' : `${(durationMs / 1000).toFixed(2)} s`
}

function share({ firstTokenMs, totalMs }: MeasuredAnswer): string {
  return firstTokenMs === undefined ? '-' : `${((firstTokenMs / totalMs) * 100).toFixed(1)} %`
}
