import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRetryDelay, retryAfterMs } from '../../src/upstream/retry-delay.ts'
import { refusal } from '../support/refusal.ts'

describe('the wait before another try', () => {
  it('doubles from try to try, up to its limit', () => {
    const delayMs = createRetryDelay({ baseMs: 100, maxMs: 1_000, jitter: 0 })
    expect([1, 2, 3, 4, 5, 5_000].map((tries) => delayMs(tries, undefined))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ])
  })

  it('is 250 ms, up to 8 s, half of it left to chance, where nothing else is said', () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const delayMs = createRetryDelay({})
    expect([1, 2, 10].map((tries) => delayMs(tries, undefined))).toEqual([250, 500, 8_000])
    vi.spyOn(Math, 'random').mockReturnValue(0.999_999)
    expect(delayMs(1, undefined)).toBeCloseTo(125, 1)
    vi.restoreAllMocks()
  })

  it.each([0, 0.3, 1])('stays within its bounds with a jitter of %d', (jitter) => {
    const delayMs = createRetryDelay({ baseMs: 100, maxMs: 1_000, jitter })
    const waits = Array.from({ length: 500 }, () => delayMs(1, undefined))
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(100 * (1 - jitter))
    expect(Math.max(...waits)).toBeLessThanOrEqual(100)
    if (jitter > 0) expect(new Set(waits).size).toBeGreaterThan(400)
  })

  it('is what the upstream asked for, never less, and never more than the limit', () => {
    const delayMs = createRetryDelay({ baseMs: 100, maxMs: 5_000, jitter: 1 })
    expect(delayMs(1, 3_000)).toBe(3_000)
    expect(delayMs(1, 0)).toBe(0)
    expect(delayMs(1, 86_400_000)).toBe(5_000)
    expect(delayMs(1, Infinity)).toBe(5_000)
  })

  it('is a number also where it starts from 0', () => {
    const delayMs = createRetryDelay({ baseMs: 0 })
    expect(delayMs(5_000, undefined)).toBe(0)
  })

  it.each([
    [{ baseMs: -1 }, 'baseMs'],
    [{ baseMs: Infinity }, 'baseMs'],
    [{ maxMs: Number.NaN }, 'maxMs'],
    [{ jitter: -0.1 }, 'jitter'],
    [{ jitter: 1.1 }, 'jitter'],
  ])('refuses %o', (options, name) => {
    expect(() => createRetryDelay(options)).toThrow(refusal(RangeError, name))
  })
})

describe('Retry-After', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.UTC(2026, 7, 1, 12, 0, 0) })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['2026', 2_026_000],
    ['Sat, 01 Aug 2026 12:00:30 GMT', 30_000],
    ['Saturday, 01-Aug-26 12:00:30 GMT', 30_000],
    ['Sat Aug  1 12:00:30 2026 GMT', 30_000],
    ['Sat, 01 Aug 2026 11:00:00 GMT', 0],
    ['9'.repeat(400), Infinity],
  ])('of %j is a wait', (value, waitMs) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value }))).toBe(waitMs)
  })

  it.each(['', 'soon', '-5', '1.5', '1e3', '0x10', '12 s', '2026-08-01T12:00:30Z'])(
    'of %j says nothing',
    (value) => {
      expect(retryAfterMs(new Headers({ 'retry-after': value }))).toBeUndefined()
    },
  )

  it('that is not there says nothing', () => {
    expect(retryAfterMs(new Headers())).toBeUndefined()
  })
})
