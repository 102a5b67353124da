import { afterEach, beforeEach, expect, vi } from 'vitest'

/** Gives each test of a file fake timers, and fails it if a timer is left at its end. */
export function watchTimers(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    expect(vi.getTimerCount(), 'timers').toBe(0)
    vi.useRealTimers()
  })
}
