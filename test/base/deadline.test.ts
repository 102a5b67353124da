import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startDeadline } from '../../src/base/deadline.ts'

describe('startDeadline', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('calls back once, after the delay', () => {
    const onDue = vi.fn()
    startDeadline(10, onDue)
    vi.advanceTimersByTime(9)
    expect(onDue).not.toHaveBeenCalled()
    vi.advanceTimersByTime(100)
    expect(onDue).toHaveBeenCalledOnce()
  })

  it('has no timer for Infinity', () => {
    expect(startDeadline(Infinity, () => {})).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('calls back in the next turn for a negative delay', () => {
    const onDue = vi.fn()
    startDeadline(-5, onDue)
    expect(onDue).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onDue).toHaveBeenCalledOnce()
  })

  it('does not turn a delay over 2 ** 31 ms into one of 1 ms', () => {
    const spy = vi.spyOn(globalThis, 'setTimeout')
    startDeadline(1e12, () => {})
    expect(spy).toHaveBeenCalledWith(expect.any(Function), 2 ** 31 - 1)
  })
})
