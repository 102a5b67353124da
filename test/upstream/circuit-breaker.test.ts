import { CircuitBreaker, CircuitOpenError, SseKitError } from 'sse-stream-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { refusal } from '../support/refusal.ts'

const DOWN = new Error('down')
const failing = () => Promise.reject(DOWN)
const fine = () => Promise.resolve('fine')

/** What a call came to: its value, or its error's code or message. */
async function outcome(breaker: CircuitBreaker, call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await breaker.execute(call)
  } catch (error) {
    return error instanceof SseKitError ? error.code : (error as Error).message
  }
}

/** A call that ends when it is told to. */
function pending(breaker: CircuitBreaker) {
  const { promise, resolve, reject } = withResolvers()
  const over = outcome(breaker, () => promise)
  return { over, succeed: () => resolve('late'), fail: () => reject(DOWN) }
}

function withResolvers() {
  let resolve: (value: unknown) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<unknown>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

describe('the circuit breaker', () => {
  it('opens after so many failures within the window, and then makes no call', async () => {
    const breaker = new CircuitBreaker({ failures: 3, windowMs: 1_000, cooldownMs: 500 })
    for (let call = 0; call < 3; call++) {
      expect(await outcome(breaker, failing)).toBe('down')
      vi.advanceTimersByTime(400)
    }
    const call = vi.fn(fine)
    await expect(breaker.execute(call)).rejects.toBeInstanceOf(CircuitOpenError)
    await expect(breaker.execute(call)).rejects.toMatchObject({ retryAfterMs: 100 })
    expect(call).not.toHaveBeenCalled()
  })

  it('forgets failures that are older than the window', async () => {
    const breaker = new CircuitBreaker({ failures: 3, windowMs: 1_000, cooldownMs: 500 })
    for (let call = 0; call < 20; call++) {
      expect(await outcome(breaker, failing)).toBe('down')
      vi.advanceTimersByTime(501)
    }
  })

  it('counts failures only, so that an upstream that mostly works stays in service', async () => {
    const breaker = new CircuitBreaker({ failures: 2, windowMs: 1_000 })
    await outcome(breaker, failing)
    for (let call = 0; call < 10; call++) expect(await outcome(breaker, fine)).toBe('fine')
    expect(await outcome(breaker, failing)).toBe('down')
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
  })

  it('lets exactly one call through when the wait is over, and all when it succeeds', async () => {
    const breaker = new CircuitBreaker({ failures: 1, cooldownMs: 500 })
    await outcome(breaker, failing)
    vi.advanceTimersByTime(500)
    const probe = pending(breaker)
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
    probe.succeed()
    expect(await probe.over).toBe('late')
    expect(await outcome(breaker, fine)).toBe('fine')
  })

  it('starts the wait anew when that call fails', async () => {
    const breaker = new CircuitBreaker({ failures: 5, windowMs: 100, cooldownMs: 500 })
    for (let call = 0; call < 5; call++) await outcome(breaker, failing)
    vi.advanceTimersByTime(500)
    expect(await outcome(breaker, failing)).toBe('down')
    vi.advanceTimersByTime(499)
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
    vi.advanceTimersByTime(1)
    expect(await outcome(breaker, fine)).toBe('fine')
  })

  it('begins to count from nothing after it closed', async () => {
    const breaker = new CircuitBreaker({ failures: 2, windowMs: 60_000, cooldownMs: 500 })
    await outcome(breaker, failing)
    await outcome(breaker, failing)
    vi.advanceTimersByTime(500)
    await outcome(breaker, fine)
    expect(await outcome(breaker, failing)).toBe('down')
    expect(await outcome(breaker, fine)).toBe('fine')
  })

  it('does not wait longer for calls that were let through before it opened', async () => {
    const breaker = new CircuitBreaker({ failures: 1, cooldownMs: 500 })
    const [early, late] = [pending(breaker), pending(breaker)]
    early.fail()
    await early.over
    vi.advanceTimersByTime(400)
    late.fail()
    await late.over
    vi.advanceTimersByTime(100)
    expect(await outcome(breaker, fine)).toBe('fine')
  })

  it('is not closed by a call that was let through before it opened', async () => {
    const breaker = new CircuitBreaker({ failures: 1, cooldownMs: 500 })
    const slow = pending(breaker)
    await outcome(breaker, failing)
    slow.succeed()
    await slow.over
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
  })

  it.each([
    'SSE_CLIENT_GONE',
    'SSE_CLIENT_STALLED',
    'SSE_BAD_REQUEST',
    'SSE_DRAINING',
    'SSE_TRANSFORM',
  ] as const)('counts %s for nothing, as it is not the fault of the upstream', async (code) => {
    const breaker = new CircuitBreaker({ failures: 1, cooldownMs: 500 })
    const innocent = () => Promise.reject(new SseKitError(code, 'not the upstream'))
    for (let call = 0; call < 5; call++) expect(await outcome(breaker, innocent)).toBe(code)
    await outcome(breaker, failing)
    vi.advanceTimersByTime(500)
    // As the one call that is let through it decides nothing: the next one is let through instead.
    expect(await outcome(breaker, innocent)).toBe(code)
    expect(await outcome(breaker, failing)).toBe('down')
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
  })

  it('takes a call that throws instead of rejecting for a failure', async () => {
    const breaker = new CircuitBreaker({ failures: 1 })
    const throwing = () => {
      throw DOWN
    }
    await expect(breaker.execute(throwing)).rejects.toBe(DOWN)
    expect(await outcome(breaker, fine)).toBe('SSE_CIRCUIT_OPEN')
  })

  it('hands each call a signal that it may listen to', async () => {
    const breaker = new CircuitBreaker()
    await breaker.execute(({ signal }) => expect(signal.aborted).toBe(false))
  })

  it('opens after 5 failures within 30 s for 15 s where nothing else is said', async () => {
    const breaker = new CircuitBreaker()
    for (let call = 0; call < 5; call++) {
      expect(await outcome(breaker, failing)).toBe('down')
      if (call < 4) vi.advanceTimersByTime(7_500)
    }
    await expect(breaker.execute(fine)).rejects.toMatchObject({ retryAfterMs: 15_000 })
  })

  it.each([
    [{ failures: 0 }, 'failures'],
    [{ failures: 1.5 }, 'failures'],
    [{ windowMs: 0 }, 'windowMs'],
    [{ cooldownMs: -1 }, 'cooldownMs'],
    [{ cooldownMs: Infinity }, 'cooldownMs'],
  ])('refuses %o', (options, name) => {
    expect(() => new CircuitBreaker(options)).toThrow(refusal(RangeError, name))
  })
})
