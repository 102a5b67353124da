import fc from 'fast-check'
import { WatermarkBuffer, type WatermarkBufferOptions } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

/** A buffer of numbers that is written to without end, and what it says of it. */
function filled(options: Partial<WatermarkBufferOptions<number>> = {}, count = 100) {
  const told: string[] = []
  const buffer = new WatermarkBuffer<number>({
    highWaterMark: 4,
    lowWaterMark: 1,
    onPause: () => told.push('pause'),
    onResume: () => told.push('resume'),
    ...options,
  })
  const writer = buffer.writable.getWriter()
  let written = 0
  const left: Promise<unknown>[] = [writer.closed.catch(() => {})]
  for (let item = 0; item < count; item++) {
    const writing = writer.write(item).then(
      () => {
        written++
      },
      () => {},
    )
    left.push(writing)
  }
  return { buffer, writer, told, written: () => written, left: () => Promise.all(left) }
}

describe('WatermarkBuffer', () => {
  it('takes items up to the high mark, and again only once it has drained to the low one', async () => {
    const { buffer, told, written } = filled()
    const reader = buffer.readable.getReader()
    const seen: [number, number, number][] = []
    await settled()
    seen.push([written(), buffer.desiredSize, told.length])
    for (let read = 0; read < 7; read++) {
      await reader.read()
      await settled()
      seen.push([written(), buffer.desiredSize, told.length])
    }
    expect(seen).toEqual([
      [4, 0, 1],
      [4, 1, 1],
      [4, 2, 1],
      [7, 0, 3],
      [7, 1, 3],
      [7, 2, 3],
      [10, 0, 5],
      [10, 1, 5],
    ])
    expect(told).toEqual(['pause', 'resume', 'pause', 'resume', 'pause'])
    await reader.cancel()
  })

  it('drains to nothing with a low mark of 0', async () => {
    const { buffer, written } = filled({ lowWaterMark: 0 })
    const reader = buffer.readable.getReader()
    await settled()
    const counts: number[] = []
    for (let read = 0; read < 5; read++) {
      await reader.read()
      await settled()
      counts.push(written())
    }
    expect(counts).toEqual([4, 4, 4, 8, 8])
    await reader.cancel()
  })

  it('has no hysteresis with a low mark as high as the high one', async () => {
    const { buffer, written } = filled({ lowWaterMark: 4 })
    const reader = buffer.readable.getReader()
    await settled()
    await reader.read()
    await settled()
    expect(written()).toBe(5)
    await reader.cancel()
  })

  it('drains to half of the high watermark by default', async () => {
    const { buffer, written } = filled({ lowWaterMark: undefined })
    expect([buffer.highWaterMark, buffer.lowWaterMark]).toEqual([4, 2])
    expect(new WatermarkBuffer({ highWaterMark: 5 }).lowWaterMark).toBe(2)
    const reader = buffer.readable.getReader()
    await settled()
    await reader.read()
    await settled()
    expect(written()).toBe(4)
    await reader.read()
    await settled()
    expect(written()).toBe(6)
    await reader.cancel()
  })

  it('counts bytes for bytes, and holds no more than the high mark and the chunk that passed it', async () => {
    const source = new HandFed(...Array.from({ length: 20 }, () => new Uint8Array(30)))
    const buffer = new WatermarkBuffer({ highWaterMark: 100 })
    const readable = source.readable.pipeThrough(buffer)
    await settled()
    expect(buffer.desiredSize).toBe(-20)
    await readable.cancel()
  })

  it('counts in the unit of size()', async () => {
    const { buffer, written } = filled({ highWaterMark: 10, size: (item) => item })
    await settled()
    // 0 counts as 1, or any number of them could be held: 1 + 1 + 2 + 3 + 4 = 11.
    expect(written()).toBe(5)
    expect(buffer.desiredSize).toBe(-1)
    await buffer.readable.cancel()
  })

  it('passes each item to a pending read at once', async () => {
    const buffer = new WatermarkBuffer<string>({ highWaterMark: 100 })
    const reader = buffer.readable.getReader()
    const writer = buffer.writable.getWriter()
    for (const item of ['a', 'b', 'c']) {
      const reading = reader.read()
      await writer.write(item)
      expect(await reading).toEqual({ done: false, value: item })
      expect(buffer.desiredSize).toBe(100)
    }
    await reader.cancel()
  })

  it('delivers all that it holds when its source closes, whether it was full or not', async () => {
    for (const count of [0, 1, 3, 4]) {
      const { buffer, writer, left } = filled({}, count)
      const closing = writer.close()
      await settled()
      expect(await allOf(buffer.readable)).toEqual([...Array(count).keys()])
      await closing
      await left()
    }
  })

  it('delivers all that it holds before an error of its source, items that count for nothing too', async () => {
    const failure = new Error('cut')
    for (const size of [() => 0, () => 1]) {
      const source = new HandFed<number>(0, 1, 2)
      const reader = source.readable
        .pipeThrough(new WatermarkBuffer<number>({ highWaterMark: 10, size }))
        .getReader()
      await settled()
      source.fail(failure)
      await settled()
      for (const item of [0, 1, 2])
        expect(await reader.read()).toEqual({ done: false, value: item })
      await expect(reader.read()).rejects.toBe(failure)
    }
  })

  it('drops what it holds on a cancel, and cancels a source that is paused', async () => {
    const source = new HandFed<number>(...Array(20).keys())
    const readable = source.readable.pipeThrough(new WatermarkBuffer<number>({ highWaterMark: 2 }))
    await settled()
    const reason = new Error('left')
    await readable.cancel(reason)
    await settled()
    expect(source.cancels).toEqual([reason])
  })

  it('takes Infinity for no mark', async () => {
    const { buffer, told, written } = filled({ highWaterMark: Infinity, lowWaterMark: undefined })
    await settled()
    expect(written()).toBe(100)
    expect(told).toEqual([])
    expect(buffer.desiredSize).toBe(Infinity)
    await buffer.readable.cancel()
  })

  it('is not affected by hooks that throw, and reports each call once', async () => {
    const warnings = await warningsDuring(async () => {
      const { buffer, writer, left } = filled(
        {
          onPause: () => {
            throw new Error('pause')
          },
          onResume: () => {
            throw new Error('resume')
          },
        },
        6,
      )
      const closing = writer.close()
      // Read at once, it would not fill up on every Node.
      await settled()
      expect(await allOf(buffer.readable)).toEqual([0, 1, 2, 3, 4, 5])
      await closing
      await left()
    })
    const messages = warnings.map(({ cause }) => (cause as Error).message)
    expect(messages).toEqual(['pause', 'resume'])
  })

  it.each<[Partial<WatermarkBufferOptions<number>>, string]>([
    [{ highWaterMark: 0 }, 'highWaterMark'],
    [{ highWaterMark: -1 }, 'highWaterMark'],
    [{ highWaterMark: 1.5 }, 'highWaterMark'],
    [{ highWaterMark: Number.NaN }, 'highWaterMark'],
    [{ highWaterMark: undefined as never }, 'highWaterMark'],
    [{ highWaterMark: '4' as never }, 'highWaterMark'],
    [{ lowWaterMark: -1 }, 'lowWaterMark'],
    [{ lowWaterMark: 0.5 }, 'lowWaterMark'],
    [{ lowWaterMark: 5 }, 'lowWaterMark'],
  ])('refuses %o', (options, name) => {
    const create = () => new WatermarkBuffer<number>({ highWaterMark: 4, ...options })
    expect(create).toThrow(refusal(RangeError, name))
  })

  it.each([-1, 0.5, Number.NaN, Infinity, '1' as never])(
    'errors for a size of %s, behind the items before it',
    async (bad) => {
      const source = new HandFed<number>(0, 1, 2)
      const size = (item: number) => (item === 2 ? bad : 1)
      const reader = source.readable
        .pipeThrough(new WatermarkBuffer<number>({ highWaterMark: 10, size }))
        .getReader()
      await settled()
      expect((await reader.read()).value).toBe(0)
      expect((await reader.read()).value).toBe(1)
      const error = await reader.read().catch((thrown: unknown) => thrown)
      expect(error).toEqual(refusal(RangeError, 'size'))
      expect(source.cancels).toEqual([error])
    },
  )

  it('errors with what size() throws, behind the items before it', async () => {
    const failure = new Error('no size')
    const source = new HandFed<number>(0, 1)
    const size = (item: number) => {
      if (item === 1) throw failure
      return 1
    }
    const reader = source.readable
      .pipeThrough(new WatermarkBuffer<number>({ highWaterMark: 10, size }))
      .getReader()
    await settled()
    expect((await reader.read()).value).toBe(0)
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('loses, adds and moves nothing, and never holds more than it may', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 })
    const marks = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat({ max: 20 }))
    const steps = fc.array(fc.constantFrom('read', 'settle'), { maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(sizes, marks, steps, async (items, [high, low], actions) => {
        const told: string[] = []
        const buffer = new WatermarkBuffer<Uint8Array>({
          highWaterMark: high,
          lowWaterMark: Math.min(high, low),
          onPause: () => told.push('pause'),
          onResume: () => told.push('resume'),
        })
        const input = items.map((size, index) => new Uint8Array(size).fill(index))
        const source = new HandFed(...input)
        source.close()
        const reader = source.readable.pipeThrough(buffer).getReader()
        const seen: Uint8Array[] = []
        const read = async () => {
          const { done, value } = await reader.read()
          if (!done) seen.push(value)
          return !done
        }
        for (const action of actions) {
          if (action === 'read') await read()
          else await settled()
          expect(buffer.desiredSize).toBeGreaterThan(-9)
        }
        while (await read()) expect(buffer.desiredSize).toBeGreaterThan(-9)
        expect(bytes(...seen)).toEqual(bytes(...input))
        for (const [index, word] of told.entries()) {
          expect(word).toBe(index % 2 === 0 ? 'pause' : 'resume')
        }
      }),
      { numRuns: 200 },
    )
  })
})
