import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { PhaseLimit } from '../../src/upstream/phase-limit.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()

describe('PhaseLimit', () => {
  it.each([
    ['its own phase', 500, 1_000, 'idle', 500],
    ['its own phase where both are due at once', 900, 1_000, 'idle', 900],
    ['the whole request, where that is due earlier', 950, 1_000, 'total', 1_000],
    ['the whole request, where the phase has no limit', Infinity, 1_000, 'total', 1_000],
  ] as const)('names %s', (_, phaseMs, totalMs, phase, timeoutMs) => {
    const requestedAt = performance.now() - 100
    const limit = new PhaseLimit('idle', phaseMs, performance.now(), { requestedAt, totalMs })
    expect(limit.toError()).toMatchObject({ code: 'SSE_UPSTREAM_TIMEOUT', phase, timeoutMs })
    expect(limit.leftMs).toBe(Math.min(phaseMs, totalMs - 100))
  })

  it('aborts an attempt with its error when it is due, and not when it was stopped', () => {
    const limit = new PhaseLimit('headers', 500, performance.now(), NO_TOTAL)
    const [due, stopped] = [new Aborter(), new Aborter()]
    limit.start(due)
    limit.start(stopped)()
    vi.advanceTimersByTime(499)
    expect(due.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(due.reason).toMatchObject({ phase: 'headers' })
    expect(stopped.aborted).toBe(false)
  })

  it('aborts at once when it is overdue', () => {
    const aborter = new Aborter()
    new PhaseLimit('headers', 500, performance.now() - 500, NO_TOTAL).start(aborter)()
    expect(aborter.reason).toMatchObject({ phase: 'headers', timeoutMs: 500 })
  })

  it('needs no timer without a limit', () => {
    new PhaseLimit('headers', Infinity, performance.now(), NO_TOTAL).start(new Aborter())
    expect(vi.getTimerCount()).toBe(0)
  })
})

const NO_TOTAL = { requestedAt: 0, totalMs: Infinity }
