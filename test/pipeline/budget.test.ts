import { Budget, FrameSplitter, relay } from 'sse-stream-kit/streams'
import { describe, expect, it } from 'vitest'
import { bytes } from '../spec/bytes.ts'
import { HandFed } from './hand-fed.ts'
import { settled } from './settled.ts'
import { watchRejections } from './watch-rejections.ts'

watchRejections()

const TEN_BYTES = bytes('data: 01\n\n')
const tens = (count: number): Uint8Array[] => Array.from({ length: count }, () => TEN_BYTES)

describe('Budget', () => {
  it('bounds what all streams hold together, and lets each go on when it has drained', async () => {
    const budget = new Budget({ maxBytes: 100 })
    const sources = [new HandFed(...tens(50)), new HandFed(...tens(50))]
    const readers = sources.map(({ readable }) => relay(readable, [], { budget }).getReader())
    await settled()
    expect(budget.streams).toBe(2)
    // Soft by one chunk per stream.
    expect(budget.heldBytes).toBeGreaterThan(80)
    expect(budget.heldBytes).toBeLessThanOrEqual(120)
    for (const [index, reader] of readers.entries()) {
      for (let read = 0; read < 50; read++) {
        expect((await reader.read()).value).toBe(TEN_BYTES)
        await settled()
        expect(budget.heldBytes).toBeLessThanOrEqual(120)
      }
      sources[index]?.close()
      expect((await reader.read()).done).toBe(true)
    }
    expect([budget.heldBytes, budget.streams]).toEqual([0, 0])
  })

  it('never stops a stream that is read, however full the others are', async () => {
    const budget = new Budget({ maxBytes: 50 })
    const full = relay(new HandFed(...tens(50)).readable, [], { budget })
    const source = new HandFed(...tens(30))
    source.close()
    await settled()
    let length = 0
    for await (const chunk of relay(source.readable, [], { budget })) length += chunk.length
    expect(length).toBe(300)
    await full.cancel()
    expect(budget.streams).toBe(0)
  })

  it('counts what stages hold', async () => {
    const budget = new Budget({ maxBytes: 1000 })
    const body = relay(new HandFed(bytes('data: half')).readable, [FrameSplitter.stage()], {
      budget,
    })
    await settled()
    expect(budget.heldBytes).toBe(10)
    await body.cancel()
    expect([budget.heldBytes, budget.streams]).toEqual([0, 0])
  })

  it('reads on where only a stage holds anything, as no reader could drain that', async () => {
    const budget = new Budget({ maxBytes: 1 })
    const source = new HandFed(bytes('data'), bytes(': 1'), bytes('\n\n'))
    source.close()
    const body = relay(source.readable, [FrameSplitter.stage()], { budget })
    expect(await new Response(body).text()).toBe('data: 1\n\n')
  })

  it('forgets a stream on every path: end, error, cancel', async () => {
    const budget = new Budget({ maxBytes: 100 })
    const ended = new HandFed(TEN_BYTES)
    ended.close()
    await new Response(relay(ended.readable, [], { budget })).text()
    expect(budget.streams).toBe(0)
    const failed = new HandFed(TEN_BYTES)
    const reader = relay(failed.readable, [], { budget }).getReader()
    await settled()
    failed.fail(new Error('cut'))
    await settled()
    expect(budget.heldBytes).toBe(10)
    await reader.read()
    await expect(reader.read()).rejects.toThrow('cut')
    expect(budget.streams).toBe(0)
    await relay(new HandFed(TEN_BYTES).readable, [], { budget }).cancel()
    expect(budget.streams).toBe(0)
  })

  it('forgets a stream that failed and was then cancelled unread', async () => {
    const budget = new Budget({ maxBytes: 100 })
    const failed = new HandFed(TEN_BYTES)
    const body = relay(failed.readable, [], { budget })
    await settled()
    failed.fail(new Error('cut'))
    await settled()
    await body.cancel()
    expect([budget.heldBytes, budget.streams]).toEqual([0, 0])
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %s bytes', (maxBytes) => {
    expect(() => new Budget({ maxBytes })).toThrow(RangeError)
  })

  it('takes Infinity for no bound', async () => {
    const budget = new Budget({ maxBytes: Infinity })
    const body = relay(new HandFed(...tens(50)).readable, [], { budget })
    await settled()
    expect(budget.heldBytes).toBe(500)
    await body.cancel()
  })
})
