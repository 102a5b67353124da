import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { shutdownSignals } from '../../../src/cli/proxy/shutdown-signals.ts'
import { fakeHost } from '../fake-host.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('waits for %s, and exits at a second one', async (signal, code) => {
  const host = fakeHost()
  const { first } = shutdownSignals(host)
  host.emit(signal)
  await first
  vi.advanceTimersByTime(300)
  expect(host.exits).toEqual([])
  host.emit(signal)
  expect(host.exits).toEqual([code])
})

it('ignores a signal that a parent process forwards', async () => {
  const host = fakeHost()
  const { first } = shutdownSignals(host)
  host.emit('SIGINT')
  await first
  vi.advanceTimersByTime(299)
  host.emit('SIGINT')
  expect(host.exits).toEqual([])
})

it('restores the handling of signals', () => {
  const host = fakeHost()
  shutdownSignals(host).ignore()
  expect(host.emit('SIGINT') || host.emit('SIGTERM')).toBe(false)
})
