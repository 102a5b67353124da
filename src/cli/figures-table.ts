import type { MeasuredAnswer } from './measure-answer.ts'

const ROWS: readonly [string, (answer: MeasuredAnswer) => string][] = [
  ['time to first token', ({ firstTokenMs }) => seconds(firstTokenMs)],
  ['total', ({ totalMs }) => seconds(totalMs)],
  ['first token as % of total', share],
  ['events', ({ events }) => String(events)],
  ['heartbeats', ({ heartbeats }) => String(heartbeats)],
  ['longest gap between tokens', ({ longestGapMs }) => seconds(longestGapMs)],
  ['longest silence on the wire', ({ longestSilenceMs }) => seconds(longestSilenceMs)],
]

/** The figures of several answers side by side, as lines of a table. */
export function figuresTable(answers: readonly (readonly [string, MeasuredAnswer])[]): string[] {
  const names = answers.map(([name]) => name.padStart(16)).join('  ')
  const width = Math.max(...ROWS.map(([title]) => title.length))
  return [
    `${''.padEnd(width)}  ${names}`,
    ...ROWS.map(([title, figure]) => {
      const cells = answers.map(([, answer]) => figure(answer).padStart(16))
      return `${title.padEnd(width)}  ${cells.join('  ')}`
    }),
  ]
}

function seconds(durationMs: number | undefined): string {
  return durationMs === undefined ? '-' : `${(durationMs / 1000).toFixed(2)} s`
}

function share({ firstTokenMs, totalMs }: MeasuredAnswer): string {
  return firstTokenMs === undefined ? '-' : `${((firstTokenMs / totalMs) * 100).toFixed(1)} %`
}
