import { roundMs } from '../base/round-ms.ts'

/** Steps a power of two is divided into: a value read back is off by 6 % at most. */
const STEPS = 8
const MAX_MICROSECONDS = 2 ** 31 - 1

/** How long the waits between items were, exact to 6 % and rounded to microseconds. */
export interface GapDistribution {
  /** Calls back for each length that occurred, ascending. */
  forEach(callback: (gapMs: number, count: number) => void): void
}

/** The waits between items, in 1 KiB for any number of them, and without an allocation for each. */
export class GapHistogram implements GapDistribution {
  count = 0
  #maxMs = 0
  #counts: Uint32Array | undefined

  /** The longest gap in milliseconds. */
  get maxMs(): number {
    return roundMs(this.#maxMs)
  }

  add(gapMs: number): void {
    this.#counts ??= new Uint32Array(32 * STEPS)
    if (gapMs > this.#maxMs) this.#maxMs = gapMs
    this.count++
    const index = indexOf(Math.min(gapMs * 1000, MAX_MICROSECONDS) | 0)
    this.#counts[index] = (this.#counts[index] as number) + 1
  }

  /** Calls back for each length that occurred, ascending. */
  forEach(callback: (gapMs: number, count: number) => void): void {
    const counts = this.#counts ?? []
    for (let index = 0; index < counts.length; index++) {
      const count = counts[index] as number
      if (count > 0) callback(this.#gapAt(index), count)
    }
  }

  /** The gap that so large a share of all gaps does not exceed, in milliseconds. */
  quantile(share: number): number {
    const rank = Math.ceil(this.count * share)
    let seen = 0
    const counts = this.#counts ?? []
    for (let index = 0; index < counts.length; index++) {
      const count = counts[index] as number
      seen += count
      if (count > 0 && seen >= rank) return this.#gapAt(index)
    }
    return this.maxMs
  }

  #gapAt(index: number): number {
    return Math.min(roundMs(middleOf(index) / 1000), this.maxMs)
  }
}

/** Small values one by one; from 8 us on by their highest bit and the three bits behind it. */
function indexOf(microseconds: number): number {
  if (microseconds < STEPS) return microseconds
  const exponent = 31 - Math.clz32(microseconds)
  return (exponent - 2) * STEPS + ((microseconds >> (exponent - 3)) & (STEPS - 1))
}

function middleOf(index: number): number {
  if (index < STEPS) return index
  const exponent = Math.floor(index / STEPS) + 2
  const width = 2 ** (exponent - 3)
  return 2 ** exponent + ((index % STEPS) + 0.5) * width
}
