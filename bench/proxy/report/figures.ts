import type { Rounds } from '../bench-results.ts'

/** Of the values that are numbers; `NaN` if there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** A figure of every round of a proxy; none if it was not measured. */
export function valuesOf<T>(
  rounds: Rounds<T> | undefined,
  name: string,
  figure: (round: T) => number,
): number[] {
  return rounds?.get(name)?.map(figure) ?? []
}

/** A figure relative to that of another proxy: the median over the rounds of both. */
export function ratioTo<T>(
  rounds: Rounds<T> | undefined,
  name: string,
  base: string,
  figure: (round: T) => number,
): number {
  const others = valuesOf(rounds, base, figure)
  const ratios = valuesOf(rounds, name, figure).map((own, round) => own / (others[round] ?? NaN))
  return median(ratios)
}

/** A value with so many digits; empty where there is none. */
export function text(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : ''
}

/** The smallest and the largest value, as `1.0 - 2.0`. */
export function range(values: readonly number[], digits: number): string {
  const [lowest, highest] = [quantile(values, 0), quantile(values, 1)]
  return Number.isNaN(lowest) ? '' : `${text(lowest, digits)} - ${text(highest, digits)}`
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(0)} %` : ''
}

/** A Markdown table under a heading. */
export function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [`**${title}**`, '', line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join(
    '\n',
  )
}
