export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] as number
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The smallest and the largest value, as `1.0 - 2.0`. */
export function range(values: readonly number[], digits: number): string {
  return `${Math.min(...values).toFixed(digits)} - ${Math.max(...values).toFixed(digits)}`
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
