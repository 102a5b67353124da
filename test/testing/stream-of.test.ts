import { type StreamStep, streamOf } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('streamOf', () => {
  it('produces one chunk for each string or Uint8Array, then ends', async () => {
    const reader = streamOf(['é', new Uint8Array([120]), '']).getReader()
    expect((await reader.read()).value).toEqual(new Uint8Array([0xc3, 0xa9]))
    expect((await reader.read()).value).toEqual(new Uint8Array([120]))
    expect((await reader.read()).value).toEqual(new Uint8Array(0))
    expect(await reader.read()).toEqual({ done: true, value: undefined })
  })

  it('passes bytes on without a copy', async () => {
    const bytes = new Uint8Array([1, 2])
    expect((await streamOf([bytes]).getReader().read()).value).toBe(bytes)
  })

  it.each([
    ['a text', 'abc'],
    ['a Uint8Array', new TextEncoder().encode('abc')],
  ])('takes a single %s as one chunk', async (_, steps) => {
    const stream = streamOf(steps)
    const reader = stream.getReader()
    expect(decode((await reader.read()).value)).toBe('abc')
    expect((await reader.read()).done).toBe(true)
    expect(stream.pulls).toBe(2)
  })

  it('is a body for a Response', async () => {
    expect(await new Response(streamOf(['a', 'b'])).text()).toBe('ab')
  })

  it('takes no step before a pull', async () => {
    const taken: string[] = []
    function* steps(): Generator<StreamStep> {
      for (const text of ['a', 'b', 'c']) {
        taken.push(text)
        yield text
      }
    }
    const stream = streamOf(steps())
    const reader = stream.getReader()
    await vi.runAllTimersAsync()
    expect([stream.pulls, taken]).toEqual([0, []])
    await reader.read()
    await vi.runAllTimersAsync()
    expect([stream.pulls, stream.bytesSent, taken]).toEqual([1, 1, ['a']])
  })

  it('starts a wait at the pull of the chunk after it', async () => {
    const reader = streamOf([
      { waitMs: 1000 },
      'a',
      { waitMs: 10 },
      { waitMs: 20 },
      'b',
    ]).getReader()
    await vi.advanceTimersByTimeAsync(5000)
    expect(vi.getTimerCount()).toBe(0)

    let isThere = false
    const first = reader.read().then(() => {
      isThere = true
    })
    await vi.advanceTimersByTimeAsync(999)
    expect(isThere).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(isThere).toBe(true)
    await first

    const second = reader.read()
    await vi.advanceTimersByTimeAsync(30)
    expect(decode((await second).value)).toBe('b')
  })

  it('waits for ever without a timer', async () => {
    const stream = streamOf([{ waitMs: Infinity }, 'a'])
    const read = stream.getReader().read()
    await vi.advanceTimersByTimeAsync(1)
    expect(vi.getTimerCount()).toBe(0)
    expect(stream.state).toBe('open')
    void read
  })

  it('waits longer than timers can', async () => {
    const delays: unknown[] = []
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((_: unknown, delayMs: number) => {
      delays.push(delayMs)
      return 0
    }) as never)
    void streamOf([{ waitMs: 2 ** 40 }])
      .getReader()
      .read()
    await Promise.resolve().then(() => Promise.resolve())
    vi.restoreAllMocks()
    expect(delays).toEqual([2 ** 31 - 1])
  })

  it('errors with the value of an error step, after the chunks before it', async () => {
    const cut = new Error('cut')
    const stream = streamOf(['a', { error: cut }, 'never'])
    const reader = stream.getReader()
    expect(decode((await reader.read()).value)).toBe('a')
    await expect(reader.read()).rejects.toBe(cut)
    expect(stream.state).toBe('error')
  })

  it('errors with what a generator throws', async () => {
    const broken = new Error('broken script')
    const stream = streamOf(
      (function* (): Generator<StreamStep> {
        yield 'a'
        throw broken
      })(),
    )
    const reader = stream.getReader()
    await reader.read()
    await expect(reader.read()).rejects.toBe(broken)
    expect(await stream.verdict).toBe('error')
  })

  it.each([
    ['a number', 7, TypeError],
    ['an empty object', {}, TypeError],
    ['null', null, TypeError],
    ['a wait below 0', { waitMs: -1 }, RangeError],
    ['a wait that is no number', { waitMs: Number.NaN }, RangeError],
  ])('errors for a value that is not a step: %s', async (_, step, error) => {
    const stream = streamOf([step as StreamStep])
    await expect(stream.getReader().read()).rejects.toThrow(error)
    expect(stream.state).toBe('error')
  })

  it('records a cancel with its reason, and takes no further step', async () => {
    const taken: string[] = []
    let isEnded = false
    function* steps(): Generator<StreamStep> {
      try {
        for (;;) {
          taken.push('a')
          yield 'a'
        }
      } finally {
        isEnded = true
      }
    }
    const stream = streamOf(steps())
    const reader = stream.getReader()
    await reader.read()
    expect([stream.state, stream.cancelReason]).toEqual(['open', undefined])
    await reader.cancel('gone')
    expect([stream.state, stream.cancelReason, taken.length]).toEqual(['cancelled', 'gone', 1])
    expect(isEnded).toBe(true)
    expect(await stream.verdict).toBe('cancelled')
  })

  it('leaves no timer behind when it is cancelled during a wait', async () => {
    const stream = streamOf([{ waitMs: 1000 }, 'a'])
    const reader = stream.getReader()
    const read = reader.read()
    await vi.advanceTimersByTimeAsync(10)
    expect(vi.getTimerCount()).toBe(1)
    await reader.cancel('gone')
    expect(vi.getTimerCount()).toBe(0)
    expect(await read).toEqual({ done: true, value: undefined })
    await vi.runAllTimersAsync()
    expect([stream.state, stream.pulls, stream.bytesSent]).toEqual(['cancelled', 1, 0])
  })

  it('stays complete when it is cancelled after its end', async () => {
    const stream = streamOf(['a'])
    const reader = stream.getReader()
    await reader.read()
    expect(stream.state).toBe('open')
    await reader.read()
    await reader.cancel('late')
    expect([stream.state, stream.cancelReason]).toEqual(['complete', undefined])
    expect(await stream.verdict).toBe('complete')
  })
})
