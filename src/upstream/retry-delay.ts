import { checkNumber } from '../base/check-number.ts'

/** The delay between two attempts. */
export interface RetryDelayOptions {
  /** The delay before the second attempt, in milliseconds; doubles with each attempt. @default 250 */
  baseMs?: number | undefined
  /** The longest delay in milliseconds, even if the upstream's `Retry-After` is longer. @default 8_000 */
  maxMs?: number | undefined
  /** The random share of the delay, 0 to 1, so that clients do not retry all at once. @default 0.5 */
  jitter?: number | undefined
}

/**
 * Returns a function that computes the delay after a number of attempts, in milliseconds.
 *
 * The upstream's `Retry-After` takes precedence, up to `maxMs`.
 */
export function createRetryDelay({
  baseMs = 250,
  maxMs = 8_000,
  jitter = 0.5,
}: RetryDelayOptions): (attempts: number, retryAfterMs: number | undefined) => number {
  checkNumber('baseMs', baseMs, { min: 0, fraction: true })
  checkNumber('maxMs', maxMs, { min: 0, fraction: true })
  checkNumber('jitter', jitter, { min: 0, fraction: true })
  if (jitter > 1) {
    throw new RangeError(`jitter must be <= 1: got ${jitter}`)
  }
  return (attempts, retryAfterMs) => {
    if (retryAfterMs !== undefined) return Math.min(retryAfterMs, maxMs)
    // Bounded, because 0 * Infinity is NaN.
    const delayMs = Math.min(baseMs * 2 ** Math.min(attempts - 1, 52), maxMs)
    return delayMs * (1 - jitter * Math.random())
  }
}

/**
 * Reads `Retry-After`, in seconds or as a date, as milliseconds from now; `undefined` for anything else.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3
 */
export function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return
  if (/^\d+$/.test(value)) return Number(value) * 1000
  // A date begins with a letter; `Date.parse` also takes numbers for years.
  if (!/^[A-Za-z]/.test(value)) return
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(at - Date.now(), 0)
}
