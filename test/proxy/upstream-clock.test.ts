import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StageOutput } from '../../src/pipeline/stage.ts'
import { UpstreamClock, type UpstreamClockLimits } from '../../src/proxy/upstream-clock.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

interface Bench {
  clock: UpstreamClock
  /** What ended the stream. */
  errors: unknown[]
  /** A chunk with so many whole events in it. */
  push(events?: number): void
  firstEvents: number
}

function watch(limits: Partial<UpstreamClockLimits> = {}): Bench {
  const errors: unknown[] = []
  let count = 0
  const output: StageOutput<Uint8Array> = {
    emit: () => {},
    error: (reason) => {
      errors.push(reason)
      clock.dispose()
    },
    desiredSize: 1,
    queued: 0,
  }
  const clock = new UpstreamClock(
    {
      firstEventMs: 1_000,
      idleMs: 300,
      idleCounts: 'bytes',
      totalMs: Infinity,
      requestedAt: performance.now(),
      ...limits,
    },
    {
      countEvents: () => count,
      onFirstEvent: () => {
        bench.firstEvents++
      },
      isOver: () => false,
      finish: () => {},
    },
  )
  const bench: Bench = {
    clock,
    errors,
    firstEvents: 0,
    push: (events = 1) => {
      count += events
      clock.push(new Uint8Array(1))
    },
  }
  clock.start(output)
  return bench
}

const timedOut = (phase: string, timeoutMs: number) => [
  { code: 'SSE_UPSTREAM_TIMEOUT', phase, timeoutMs },
]

describe('the upstream clock', () => {
  it('ends a stream without a first event', () => {
    const { errors } = watch()
    vi.advanceTimersByTime(999)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject(timedOut('first_event', 1_000))
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes no comment for a first event', () => {
    const { errors, push } = watch()
    for (let ms = 0; ms < 1_000; ms += 100) {
      push(0)
      vi.advanceTimersByTime(100)
    }
    expect(errors).toMatchObject(timedOut('first_event', 1_000))
  })

  it('tells of the first event once', () => {
    const bench = watch()
    bench.push(0)
    expect(bench.firstEvents).toBe(0)
    bench.push()
    bench.push()
    expect(bench.firstEvents).toBe(1)
  })

  it('ends a stream that falls silent after its first event', () => {
    const { errors, push } = watch()
    vi.advanceTimersByTime(900)
    push()
    vi.advanceTimersByTime(299)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject(timedOut('idle', 300))
  })

  it('takes every byte for a sign of life', () => {
    const { errors, push } = watch()
    push()
    for (let turn = 0; turn < 20; turn++) {
      vi.advanceTimersByTime(250)
      push(0)
    }
    expect(errors).toEqual([])
    vi.advanceTimersByTime(300)
    expect(errors).toMatchObject(timedOut('idle', 300))
  })

  it('takes only events for signs of life, where it is told to', () => {
    const { errors, push } = watch({ idleCounts: 'events' })
    push()
    vi.advanceTimersByTime(250)
    push()
    vi.advanceTimersByTime(250)
    push(0)
    vi.advanceTimersByTime(49)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject(timedOut('idle', 300))
  })

  it('does not blame the upstream while it is held back', () => {
    const { clock, errors, push } = watch()
    push()
    vi.advanceTimersByTime(200)
    clock.pause()
    vi.advanceTimersByTime(1_000_000)
    expect(errors).toEqual([])
    clock.resume()
    // The clock starts anew: how long the pause was says nothing of the upstream.
    vi.advanceTimersByTime(299)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject(timedOut('idle', 300))
  })

  it('does not wait for the first event either while the upstream is held back', () => {
    const { clock, errors } = watch()
    clock.pause()
    vi.advanceTimersByTime(900)
    clock.resume()
    vi.advanceTimersByTime(999)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(1)
    expect(errors).toMatchObject(timedOut('first_event', 1_000))
  })

  it('ends a stream that goes on and on, counted from the request', () => {
    const requestedAt = performance.now()
    vi.advanceTimersByTime(400)
    const { errors, push } = watch({ totalMs: 1_000, requestedAt })
    for (let ms = 0; ms < 500; ms += 100) {
      push()
      vi.advanceTimersByTime(100)
    }
    expect(errors).toEqual([])
    push()
    vi.advanceTimersByTime(100)
    expect(errors).toMatchObject(timedOut('total', 1_000))
  })

  it('ends it also while the upstream is held back', () => {
    const { clock, errors } = watch({ totalMs: 1_000 })
    clock.pause()
    vi.advanceTimersByTime(1_000)
    expect(errors).toMatchObject(timedOut('total', 1_000))
  })

  it('keeps limits that are longer than a timer can be', () => {
    const { errors } = watch({ firstEventMs: 2 ** 31 + 5_000 })
    vi.advanceTimersByTime(2 ** 31)
    expect(errors).toEqual([])
    vi.advanceTimersByTime(5_000)
    expect(errors).toMatchObject(timedOut('first_event', 2 ** 31 + 5_000))
  })

  it('sets no timer where there is no limit', () => {
    const unlimited = { firstEventMs: Infinity, idleMs: Infinity }
    const { push, clock } = watch(unlimited)
    push()
    clock.pause()
    clock.resume()
    clock.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has one timer at a time, and none at the end', () => {
    const { push, clock } = watch({ totalMs: 100_000 })
    expect(vi.getTimerCount()).toBe(1)
    push()
    clock.pause()
    clock.resume()
    push()
    expect(vi.getTimerCount()).toBe(1)
    clock.dispose()
    expect(vi.getTimerCount()).toBe(0)
  })
})
