import type { Verdict } from '../base/verdict.ts'

const KNOWN_VERDICTS: Record<Verdict, true> = {
  complete: true,
  truncated: true,
  client_gone: true,
  upstream_error: true,
  timeout: true,
  too_large: true,
  error: true,
}
const VERDICTS: readonly string[] = [...Object.keys(KNOWN_VERDICTS), 'other']
const STATUS_CLASSES = ['2xx', '4xx', '5xx', '1xx', '3xx', 'other'] as const
/** Number of leading status classes that are shown at zero: `rate()` misses the step from absent to 1. */
const SHOWN_AT_ZERO = 3

/** Counts streams by verdict and status class. The set of label pairs is fixed. */
export class StreamCounts {
  readonly #counts = new Float64Array(VERDICTS.length * STATUS_CLASSES.length)

  add(verdict: string, status: number): void {
    const row = indexOrLast(VERDICTS, verdict)
    const column = indexOrLast(STATUS_CLASSES, `${Math.floor(status / 100)}xx`)
    const index = row * STATUS_CLASSES.length + column
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /** Calls back for each pair that occurred, and for those that are shown at zero. */
  forEach(callback: (verdict: string, statusClass: string, count: number) => void): void {
    for (const [row, verdict] of VERDICTS.entries()) {
      for (const [column, statusClass] of STATUS_CLASSES.entries()) {
        const count = this.#counts[row * STATUS_CLASSES.length + column] as number
        const isShownAtZero = column < SHOWN_AT_ZERO && verdict in KNOWN_VERDICTS
        if (count > 0 || isShownAtZero) callback(verdict, statusClass, count)
      }
    }
  }
}

function indexOrLast(names: readonly string[], name: string): number {
  const index = names.indexOf(name)
  return index < 0 ? names.length - 1 : index
}
