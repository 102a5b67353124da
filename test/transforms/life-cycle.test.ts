import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { EVERY_TRANSFORM } from '../support/streams/every-transform.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import type { StageEnding } from '../support/streams/watched-stage.ts'
import { watchRejections } from '../support/watch-rejections.ts'

const REASON = new Error('the client left')
const FAILURE = new Error('the upstream broke')

watchRejections()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe.each(EVERY_TRANSFORM)('$name', ({ name, create, items, results }) => {
  const [first, second] = items
  const endings: StageEnding[] = []
  const wasEnded = (...ending: StageEnding) => {
    expect(vi.getTimerCount(), 'timers').toBe(0)
    if (name !== 'WatermarkBuffer') expect(endings).toEqual([ending])
  }
  beforeEach(() => {
    endings.length = 0
  })

  it('delivers all items of the source, and then closes', async () => {
    const source = new HandFed<unknown>(first, second)
    source.close()
    const reader = source.readable.pipeThrough(create(endings)).getReader()
    expect(await reader.read()).toEqual({ done: false, value: results[0] })
    expect(await reader.read()).toEqual({ done: false, value: results[1] })
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    await reader.closed
    wasEnded('done', undefined)
  })

  it('closes behind a source of nothing', async () => {
    const source = new HandFed<unknown>()
    source.close()
    const reader = source.readable.pipeThrough(create(endings)).getReader()
    expect((await reader.read()).done).toBe(true)
    wasEnded('done', undefined)
  })

  it('leaves no timer where it is never used', async () => {
    create(endings)
    await settled()
    expect(vi.getTimerCount()).toBe(0)
    expect(endings).toEqual([])
  })

  it('reads nothing ahead of its reader, except what the pipe writes', async () => {
    const source = new HandFed<unknown>()
    source.readable.pipeThrough(create(endings))
    await settled()
    const before = source.pulls
    source.give(first, second, first, second)
    await settled()
    expect(source.pulls).toBeLessThanOrEqual(before + 2)
  })

  describe('cancelled', () => {
    it('before its first use', async () => {
      const source = new HandFed<unknown>()
      await source.readable.pipeThrough(create(endings)).cancel(REASON)
      await settled()
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    })

    it('while a read is waiting for the source', async () => {
      const source = new HandFed<unknown>()
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      const reading = reader.read()
      await settled()
      await reader.cancel(REASON)
      await settled()
      expect(await reading).toEqual({ done: true, value: undefined })
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    })

    it('between two items', async () => {
      const source = new HandFed<unknown>(first)
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      await reader.read()
      await reader.cancel(REASON)
      await settled()
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    })

    it('while the source is paused', async () => {
      const source = new HandFed<unknown>(first, second, first, second)
      const readable = source.readable.pipeThrough(create(endings))
      await settled()
      await readable.cancel(REASON)
      await settled()
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    })

    it('twice, of which the second does nothing', async () => {
      const source = new HandFed<unknown>(first, second)
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      await reader.cancel(REASON)
      await reader.cancel(FAILURE)
      await settled()
      expect(source.cancels).toEqual([REASON])
      wasEnded('cancelled', REASON)
    })

    it('after the source closed, with items still held', async () => {
      const source = new HandFed<unknown>(first, second)
      source.close()
      const readable = source.readable.pipeThrough(create(endings))
      await settled()
      await readable.cancel(REASON)
      await settled()
      expect(vi.getTimerCount()).toBe(0)
      if (name !== 'WatermarkBuffer') expect(endings).toHaveLength(1)
    })

    it('without anybody waiting for the result', async () => {
      const source = new HandFed<unknown>(first)
      void source.readable.pipeThrough(create(endings)).cancel(REASON)
      await settled()
      wasEnded('cancelled', REASON)
    })
  })

  describe('when the source fails', () => {
    it('before the first item', async () => {
      const source = new HandFed<unknown>()
      source.fail(FAILURE)
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      await expect(reader.read()).rejects.toBe(FAILURE)
      await settled()
      wasEnded('failed', FAILURE)
    })

    it('while a read is waiting', async () => {
      const source = new HandFed<unknown>()
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      const reading = reader.read().catch((error: unknown) => error)
      await settled()
      source.fail(FAILURE)
      expect(await reading).toBe(FAILURE)
      await settled()
      wasEnded('failed', FAILURE)
    })

    it('delivers the items before it first, whenever they are read', async () => {
      const { readable, writable } = create(endings)
      const writer = writable.getWriter()
      const writing = Promise.allSettled([writer.write(first), writer.write(second)])
      await settled()
      const reader = readable.getReader()
      expect(await reader.read()).toEqual({ done: false, value: results[0] })
      expect(await reader.read()).toEqual({ done: false, value: results[1] })
      await writing
      await writer.abort(FAILURE)
      await expect(reader.read()).rejects.toBe(FAILURE)
      wasEnded('failed', FAILURE)
    })

    it('delivers the item of a pending write first', async () => {
      const { readable, writable } = create(endings)
      const writer = writable.getWriter()
      const writing = Promise.allSettled([writer.write(first)])
      await settled()
      await writer.abort(FAILURE)
      await writing
      wasEnded('failed', FAILURE)
      const reader = readable.getReader()
      expect(await reader.read()).toEqual({ done: false, value: results[0] })
      await expect(reader.read()).rejects.toBe(FAILURE)
    })

    it('and the reader has stopped', async () => {
      const source = new HandFed<unknown>(first)
      const reader = source.readable.pipeThrough(create(endings)).getReader()
      await reader.read()
      source.fail(FAILURE)
      await settled()
      wasEnded('failed', FAILURE)
    })
  })

  describe('aborted by its writer', () => {
    it('before its first use', async () => {
      const { readable, writable } = create(endings)
      await writable.abort(REASON)
      await expect(readable.getReader().read()).rejects.toBe(REASON)
      wasEnded('failed', REASON)
    })

    it('while a write waits for a reader', async () => {
      const { writable } = create(endings)
      const writer = writable.getWriter()
      const writing = Promise.allSettled([
        writer.write(first),
        writer.write(second),
        writer.write(first),
      ])
      await settled()
      await writer.abort(REASON)
      const statuses = (await writing).map(({ status }) => status)
      expect(statuses).toContain('rejected')
      wasEnded('failed', REASON)
    })

    it('twice', async () => {
      const { writable } = create(endings)
      const writer = writable.getWriter()
      writer.closed.catch(() => {})
      await Promise.allSettled([writer.abort(REASON), writer.abort(FAILURE)])
      wasEnded('failed', REASON)
    })

    it('and cancelled by its reader at once', async () => {
      const { readable, writable } = create(endings)
      await Promise.allSettled([writable.abort(REASON), readable.cancel(REASON)])
      await settled()
      expect(vi.getTimerCount()).toBe(0)
      if (name !== 'WatermarkBuffer') expect(endings).toHaveLength(1)
    })

    it('after its reader cancelled', async () => {
      const { readable, writable } = create(endings)
      await readable.cancel(REASON)
      await Promise.allSettled([writable.abort(FAILURE)])
      wasEnded('cancelled', REASON)
    })
  })

  it('takes no write after its reader cancelled', async () => {
    const { readable, writable } = create(endings)
    const writer = writable.getWriter()
    writer.closed.catch(() => {})
    await readable.cancel(REASON)
    await expect(writer.write(first)).rejects.toBe(REASON)
  })

  it('ends once, and leaves neither a timer nor a rejection, in whatever order its two ends act', async () => {
    const action = fc.constantFrom('write', 'read', 'close', 'abort', 'cancel', 'tick', 'settle')
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        endings.length = 0
        const { readable, writable } = create(endings)
        const writer = writable.getWriter()
        const reader = readable.getReader()
        const left: Promise<unknown>[] = []
        // What the caller is given is the caller's to handle; the test is after the rejections of others.
        const handle = (promise: Promise<unknown>) => left.push(promise.catch(() => {}))
        // Not async for its own sake: Node 20 throws from a write to any stream that has closed.
        const write = async () => writer.write(first)
        handle(writer.closed)
        handle(reader.closed)
        for (const name of [...actions, 'cancel', 'abort']) {
          if (name === 'write') handle(write())
          else if (name === 'read') handle(reader.read())
          else if (name === 'close') handle(writer.close())
          else if (name === 'abort') handle(writer.abort(FAILURE))
          else if (name === 'cancel') handle(reader.cancel(REASON))
          else if (name === 'tick') vi.advanceTimersByTime(15_000)
          else await settled()
        }
        await Promise.all(left)
        wasEnded(...(endings[0] ?? ['done', 'nothing ended it']))
      }),
      { numRuns: 60 },
    )
  })
})
