import type { HistogramValue } from './metric-family.ts'

/** Bucket boundaries of OpenTelemetry's GenAI conventions, for durations, first chunks and gaps alike. */
export const BOUNDS_SECONDS: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]

/** Counts values in buckets. Memory depends on the number of buckets only. */
export class Histogram {
  readonly #upperBounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  /** Takes the inclusive upper bounds of the buckets, ascending. Larger values count in `sum` and `count`. */
  constructor(upperBounds: readonly number[]) {
    this.#upperBounds = upperBounds
    this.#counts = new Float64Array(upperBounds.length)
  }

  add(value: number, count = 1): void {
    this.#sum += value * count
    this.#count += count
    const index = this.#upperBounds.findIndex((upperBound) => value <= upperBound)
    if (index >= 0) this.#counts[index] = (this.#counts[index] as number) + count
  }

  value(): HistogramValue {
    let below = 0
    const buckets = this.#upperBounds.map((upperBound, index) => {
      below += this.#counts[index] as number
      return { upperBound, count: below }
    })
    return { buckets, sum: this.#sum, count: this.#count }
  }
}
