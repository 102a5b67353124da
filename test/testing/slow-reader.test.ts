import { slowReader, streamOf } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const EVENT = 'data: 1\n\n'

describe('slowReader', () => {
  it('reads the first chunk at once and then one per everyMs', async () => {
    const stream = streamOf([EVENT, EVENT, EVENT])
    const reading = slowReader(stream, { everyMs: 100 })
    await vi.advanceTimersByTimeAsync(99)
    expect(stream.pulls).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(stream.pulls).toBe(2)
    await vi.advanceTimersByTimeAsync(100)
    expect(stream.pulls).toBe(3)
    await vi.advanceTimersByTimeAsync(100)
    const collected = await reading
    expect([collected.verdict, collected.events.length, collected.durationMs]).toEqual([
      'complete',
      3,
      300,
    ])
    expect(collected.gapsMs).toEqual([100, 100])
  })

  it('pauses in proportion to the size of a chunk', async () => {
    const reading = slowReader(streamOf(['x'.repeat(50), 'x'.repeat(200), '']), {
      bytesPerSecond: 100,
    })
    await vi.runAllTimersAsync()
    const { gapsMs, durationMs } = await reading
    expect([gapsMs, durationMs]).toEqual([[500, 2000], 2500])
  })

  it('keeps its rate for chunks of less than a millisecond', async () => {
    const reading = slowReader(streamOf(Array.from({ length: 1000 }, () => 'x')), {
      bytesPerSecond: 4000,
    })
    await vi.runAllTimersAsync()
    expect((await reading).durationMs).toBe(250)
  })

  it('reads without pauses with everyMs 0', async () => {
    expect((await slowReader(new Response(EVENT), { everyMs: 0 })).events).toHaveLength(1)
  })

  it('stops reading after one chunk with everyMs Infinity, until the signal aborts', async () => {
    const stream = streamOf([EVENT, EVENT])
    const controller = new AbortController()
    const reading = slowReader(stream, { everyMs: Infinity, signal: controller.signal })
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect([stream.pulls, vi.getTimerCount()]).toEqual([1, 0])
    controller.abort()
    expect(await reading).toMatchObject({ verdict: 'cancelled' })
  })

  it('cancels at once when the signal aborts during a pause, and leaves no timer', async () => {
    const stream = streamOf([EVENT, EVENT])
    const controller = new AbortController()
    const reading = slowReader(stream, { everyMs: 1000, signal: controller.signal })
    await vi.advanceTimersByTimeAsync(10)
    expect(vi.getTimerCount()).toBe(1)
    controller.abort('gone')
    expect([stream.state, stream.cancelReason, vi.getTimerCount()]).toEqual([
      'cancelled',
      'gone',
      0,
    ])
    const collected = await reading
    expect([collected.verdict, collected.error, collected.events.length]).toEqual([
      'cancelled',
      'gone',
      1,
    ])
  })

  it('returns an error of the source with what arrived before it', async () => {
    const cut = new Error('cut')
    const reading = slowReader(streamOf([EVENT, { error: cut }]), { everyMs: 5 })
    await vi.runAllTimersAsync()
    const collected = await reading
    expect([collected.verdict, collected.error, collected.events.length]).toEqual(['error', cut, 1])
  })

  it('holds at most maxBytes', async () => {
    const reading = slowReader(streamOf([EVENT, EVENT]), { everyMs: 1, maxBytes: 9 })
    await vi.runAllTimersAsync()
    expect(await reading).toMatchObject({ verdict: 'error', error: { code: 'SSE_LIMIT' } })
  })

  it.each([
    ['no pace', {}, TypeError],
    ['two paces', { everyMs: 1, bytesPerSecond: 2 }, TypeError],
    ['an everyMs below 0', { everyMs: -1 }, RangeError],
    ['a bytesPerSecond of 0', { bytesPerSecond: 0 }, RangeError],
  ])('refuses %s, and does not lock the stream', async (_, options, error) => {
    const stream = streamOf(EVENT)
    await expect(slowReader(stream, options)).rejects.toThrow(error)
    expect(stream.locked).toBe(false)
  })
})
