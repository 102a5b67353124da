import type { HistogramValue } from './metric-family.ts'

/** Counts values by size: as many numbers as there are bounds, for any number of values. */
export class Histogram {
  readonly #upperBounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0
  #count = 0

  /** Takes the upper bounds of the buckets, ascending and inclusive; what is above them all is counted too. */
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
