import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StallClock } from '../../src/proxy/stall-clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watch(clientStallMs = 500) {
  const errors: unknown[] = []
  /** What the client has not taken. */
  const queue = { bytes: 0 }
  const clock = new StallClock(clientStallMs)
  clock.start({
    error: (reason) => {
      errors.push(reason)
      clock.dispose()
    },
    desiredSize: 1,
    get queued() {
      return queue.bytes
    },
  })
  return { clock, errors, queue }
}

describe('the stall clock', () => {
  it('ends a stream whose client takes nothing', () => {
    const { clock, errors, queue } = watch()
    queue.bytes = 100
    clock.pause()
    vi.advanceTimersByTime(499)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject([{ code: 'SSE_CLIENT_STALLED', timeoutMs: 500 }])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('starts anew whenever the client takes anything at all', () => {
    const { clock, errors, queue } = watch()
    queue.bytes = 100
    clock.pause()
    for (let turn = 0; turn < 10; turn++) {
      vi.advanceTimersByTime(400)
      queue.bytes--
    }
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1_000)
    expect(errors).toMatchObject([{ code: 'SSE_CLIENT_STALLED' }])
  })

  it('runs from the end of the source on, until the client has taken the rest', () => {
    const { clock, errors, queue } = watch()
    queue.bytes = 100
    clock.end()
    vi.advanceTimersByTime(499)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject([{ code: 'SSE_CLIENT_STALLED' }])
  })

  it('does not blame a client for whom nothing is waiting', () => {
    const { clock, errors } = watch()
    clock.pause()
    vi.advanceTimersByTime(5_000)
    expect(errors).toEqual([])
  })

  it('has no timer while the output takes items, and none at the end', () => {
    const { clock } = watch()
    expect(vi.getTimerCount()).toBe(0)
    clock.pause()
    expect(vi.getTimerCount()).toBe(1)
    clock.resume()
    expect(vi.getTimerCount()).toBe(0)
    clock.end()
    expect(vi.getTimerCount()).toBe(1)
    clock.dispose()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sets no timer where there is no limit', () => {
    const { clock } = watch(Infinity)
    clock.pause()
    clock.end()
    expect(vi.getTimerCount()).toBe(0)
  })
})
