import { checkNumber } from '../base/check-number.ts'

/** When an output is full, and when it is hungry again. */
export interface Marks<T> {
  /** From this much on, the output is full. */
  readonly high: number
  /** Down to this much it has to drain before it takes items again. */
  readonly low: number
  /** What an item counts for. */
  readonly size: (item: T) => number
}

/** The size of an item where nobody said otherwise: bytes for bytes, else 1. */
export function sizeOf(item: unknown): number {
  // Not instanceof: bytes may be of another realm, and would then count for nothing much.
  return ArrayBuffer.isView(item) ? item.byteLength : 1
}

/**
 * Checks a pair of marks under the names that the caller's options have.
 *
 * @throws RangeError for a high mark below 1, or a low mark above the high one
 */
export function checkMarks(
  highName: string,
  high: number,
  lowName: string,
  low: number,
): { high: number; low: number } {
  checkNumber(highName, high, { min: 1, infinity: true })
  checkNumber(lowName, low, { min: 0, infinity: true })
  if (low > high) {
    throw new RangeError(`${lowName} must be <= ${highName} (${high}): got ${low}`)
  }
  // With a true Infinity `high - desiredSize` would be NaN, and nobody could tell what is queued.
  return { high: Math.min(high, Number.MAX_SAFE_INTEGER), low }
}
