import { checkNumber } from '../base/check-number.ts'

/** When an output is full, and when it accepts items again. */
export interface Watermarks<T> {
  /** The output is full once this much is queued. */
  readonly high: number
  /** A full output accepts items again once this much or less is queued. */
  readonly low: number
  /** Returns what an item counts for; 0 counts as 1. */
  readonly size: (item: T) => number
}

/** How many bytes a stream queues before its source is no longer read, and from where on it is read again. */
export interface ByteWatermarks {
  /**
   * Stops reading the source once this much is queued, in bytes. Text, and the `data` of events, count their length;
   * other items that are not bytes count 1. @default 65_536
   */
  highBytes?: number | undefined
  /** Reads the source again once this much or less is queued, in bytes. @default half of `highBytes` */
  lowBytes?: number | undefined
}

/** The default size of an item: its bytes for bytes, else 1. */
export function sizeOf(item: unknown): number {
  // Not instanceof: bytes of another realm would count 1.
  return ArrayBuffer.isView(item) ? item.byteLength : 1
}

/** The size of an item in bytes; decoded events count too, because 65,536 of them may be many megabytes. */
export function heldSize(item: unknown): number {
  if (ArrayBuffer.isView(item)) return item.byteLength
  const text = typeof item === 'string' ? item : (item as { data?: unknown } | null)?.data
  return typeof text === 'string' ? text.length : 1
}

/**
 * Checks a pair of watermarks under the names that the caller's options have.
 *
 * @throws RangeError for a high watermark below 1, or a low one above the high one
 */
export function checkWatermarks(
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
  // With a true Infinity `high - desiredSize`, which is what is queued, would be NaN.
  return { high: Math.min(high, Number.MAX_SAFE_INTEGER), low }
}
