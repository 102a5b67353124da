import { roundMs } from '../base/round-ms.ts'

/** Steps per power of two: a value is off by 6 % at most. */
const STEPS = 8
const MAX_MICROSECONDS = 2 ** 31 - 1

/** The distribution of the times between items, exact to 6 % and rounded to microseconds. */
export interface GapDistribution {
  /** Calls back for each length that occurred, ascending. */
  forEach(callback: (gapMs: number, count: number) => void): void
}

/** The times between items, in 256 bytes, or up to 1 KiB where some are frequent; without an allocation per item. */
export class GapHistogram implements GapDistribution {
  count = 0
  #maxMs = 0
  #counts: Uint8Array | Uint16Array | Uint32Array | undefined

  /** The longest gap in milliseconds. */
  get maxMs(): number {
    return roundMs(this.#maxMs)
  }

  add(gapMs: number): void {
    this.#counts ??= new Uint8Array(32 * STEPS)
    if (gapMs > this.#maxMs) this.#maxMs = gapMs
    this.count++
    const index = indexOf(Math.min(gapMs * 1000, MAX_MICROSECONDS) | 0)
    const count = (this.#counts[index] as number) + 1
    this.#counts[index] = count
    if (this.#counts[index] !== count) this.#widen(this.#counts, index, count)
  }

  /** Calls back for each length that occurred, ascending. */
  forEach(callback: (gapMs: number, count: number) => void): void {
    const counts = this.#counts ?? []
    for (let index = 0; index < counts.length; index++) {
      const count = counts[index] as number
      if (count > 0) callback(this.#gapAt(index), count)
    }
  }

  /** Returns the gap in milliseconds that this share of all gaps does not exceed. */
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

  #widen(counts: ArrayLike<number>, index: number, count: number): void {
    this.#counts = count > 0xffff ? new Uint32Array(counts) : new Uint16Array(counts)
    this.#counts[index] = count
  }

  #gapAt(index: number): number {
    return Math.min(roundMs(middleOf(index) / 1000), this.maxMs)
  }
}

/** Below 8 us one index per value; above, by the highest bit and the three bits behind it. */
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
