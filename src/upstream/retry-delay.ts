import { checkNumber } from '../base/check-number.ts'

/** How long to wait from one try to the next. */
export interface RetryDelayOptions {
  /** The wait before the second try in milliseconds; it doubles from try to try. @default 250 */
  baseMs?: number | undefined
  /** The longest wait in milliseconds, also if the upstream's `Retry-After` says more. @default 8_000 */
  maxMs?: number | undefined
  /** Which share of the wait is left to chance, 0 to 1, so that clients do not come back all at once. @default 0.5 */
  jitter?: number | undefined
}

/**
 * Makes the function that says how long to wait after so many tries, in milliseconds.
 *
 * What the upstream asked for with `Retry-After` is respected, up to `maxMs`.
 */
export function createRetryDelay({
  baseMs = 250,
  maxMs = 8_000,
  jitter = 0.5,
}: RetryDelayOptions): (tries: number, retryAfterMs: number | undefined) => number {
  checkNumber('baseMs', baseMs, { min: 0, fraction: true })
  checkNumber('maxMs', maxMs, { min: 0, fraction: true })
  checkNumber('jitter', jitter, { min: 0, fraction: true })
  if (jitter > 1) {
    throw new RangeError(`jitter must be <= 1: got ${jitter}`)
  }
  return (tries, retryAfterMs) => {
    if (retryAfterMs !== undefined) return Math.min(retryAfterMs, maxMs)
    // Bounded, as 0 times Infinity is no number.
    const delayMs = Math.min(baseMs * 2 ** Math.min(tries - 1, 52), maxMs)
    return delayMs * (1 - jitter * Math.random())
  }
}

/**
 * Reads `Retry-After`, in seconds or as a date, as milliseconds from now; `undefined` for what is neither.
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
