import { FrameSplitter, relay } from 'sse-stream-kit/streams'
import { describe, expect, it, vi } from 'vitest'
import { FLOW, type ItemSource } from '../../src/base/byte-source.ts'
import { relaySource } from '../../src/pipeline/relay-source.ts'
import { PushedBody } from '../../src/transport/pushed-body.ts'
import { settled } from '../support/settled.ts'
import { EVERY_RELAY } from '../support/streams/every-relay.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function flowingOf(start: typeof relay, source: HandFed, highBytes = 65_536) {
  const readable = start(source.readable, [], { watermark: { highBytes } })
  const reader = readable.getReader()
  const taken: string[] = []
  const take = (item: Uint8Array): void => {
    taken.push(new TextDecoder().decode(item))
  }
  const flow: NonNullable<ItemSource<Uint8Array>[typeof FLOW]> = (sink) => {
    const source: ItemSource<Uint8Array> = readable
    if (source[FLOW] === undefined) throw new Error('The relay has no flowing mode')
    return source[FLOW](sink)
  }
  return { reader, taken, take, flow }
}

describe.each(EVERY_RELAY)('flowing mode of a %s', (_, start) => {
  const flowing = (source: HandFed, highBytes?: number) => flowingOf(start, source, highBytes)

  it('passes items by a call from the moment a sink is attached', async () => {
    const source = new HandFed(bytes('a'))
    const { taken, take, flow } = flowing(source)
    expect(flow(take)).toBe(true)
    await settled()
    source.give(bytes('b'), bytes('c'))
    await settled()
    expect(taken).toEqual(['a', 'b', 'c'])
  })

  it('holds items after the sink was detached, up to the high mark', async () => {
    const source = new HandFed(bytes('a'))
    const { reader, taken, take, flow } = flowing(source, 2)
    flow(take)
    await settled()
    flow(undefined)
    source.give(bytes('b'), bytes('c'), bytes('d'))
    await settled()
    const { pulls } = source
    expect(await reader.read()).toEqual({ done: false, value: bytes('b') })
    expect(await reader.read()).toEqual({ done: false, value: bytes('c') })
    await settled()
    expect(source.pulls).toBeGreaterThan(pulls)
    expect(await reader.read()).toEqual({ done: false, value: bytes('d') })
    expect(taken).toEqual(['a'])
  })

  it('reports the end and the error by the closed promise of the reader', async () => {
    const closing = new HandFed(bytes('a'))
    const closed = flowing(closing)
    closed.flow(closed.take)
    closing.close()
    await closed.reader.closed
    expect(closed.taken).toEqual(['a'])
    expect(closed.flow(closed.take)).toBe(false)

    const failing = new HandFed(bytes('a'))
    const failed = flowing(failing)
    failed.flow(failed.take)
    await settled()
    failing.fail(new Error('cut'))
    await expect(failed.reader.closed).rejects.toThrow('cut')
    expect(failed.taken).toEqual(['a'])
    expect(failed.flow(failed.take)).toBe(false)
  })

  it('passes nothing more after a cancel, also one inside the call', async () => {
    const source = new HandFed(bytes('a'), bytes('b'))
    const { reader, taken, take, flow } = flowing(source)
    flow((item) => {
      take(item)
      reader.cancel('enough')
    })
    await settled()
    expect(taken).toEqual(['a'])
    expect(source.cancels).toEqual(['enough'])
  })
})

it('a stream has no flowing mode while items have to be read first', async () => {
  const source = new HandFed(bytes('a'))
  const { reader, taken, take, flow } = flowingOf(relay, source)
  await settled()
  expect(flow(take)).toBe(false)
  expect(await reader.read()).toEqual({ done: false, value: bytes('a') })
  expect(flow(take)).toBe(true)
  source.give(bytes('b'))
  await settled()
  expect(taken).toEqual(['b'])
})

describe('a relay for a reader of this package', () => {
  const start = (source: HandFed, highBytes?: number) =>
    flowingOf(relaySource as unknown as typeof relay, source, highBytes)

  it('passes queued items by a call, and reads the source on once they are few', async () => {
    const source = new HandFed(bytes('a'), bytes('b'), bytes('c'))
    const { taken, take, flow } = start(source, 2)
    await settled()
    expect(flow(take)).toBe(true)
    expect(taken).toEqual(['a', 'b'])
    await settled()
    source.give(bytes('d'))
    await settled()
    expect(taken).toEqual(['a', 'b', 'c', 'd'])
  })

  it('leaves queued items in the queue when the sink is detached by one of them', async () => {
    const source = new HandFed(bytes('a'), bytes('b'), bytes('c'))
    const { reader, taken, take, flow } = start(source)
    await settled()
    const takeOne = (item: Uint8Array): void => {
      take(item)
      flow(undefined)
    }
    expect(flow(takeOne)).toBe(true)
    expect(taken).toEqual(['a'])
    source.give(bytes('d'))
    await settled()
    expect((await reader.read()).value).toEqual(bytes('b'))
    expect(flow(take)).toBe(true)
    expect(taken).toEqual(['a', 'c', 'd'])
  })

  it('passes items that come while queued ones are passed behind them', async () => {
    const body = new PushedBody({ abort: () => {}, resume: () => {} })
    const queue = relaySource(body, [])
    await settled()
    for (const letter of ['a', 'b']) body.push(bytes(letter))
    const taken: string[] = []
    queue.flow((item) => {
      taken.push(new TextDecoder().decode(item))
      if (taken.length === 1) body.push(bytes('c'))
    })
    expect(taken).toEqual(['a', 'b', 'c'])
  })

  it('ends with the last queued item when the source is done, and fails with it', async () => {
    const closing = new HandFed(bytes('a'))
    closing.close()
    const closed = start(closing)
    await settled()
    expect(closed.flow(closed.take)).toBe(true)
    await closed.reader.closed
    expect(closed.taken).toEqual(['a'])

    const failing = new HandFed(bytes('a'))
    const failed = start(failing)
    await settled()
    failing.fail(new Error('cut'))
    await settled()
    expect(failed.flow(failed.take)).toBe(true)
    await expect(failed.reader.closed).rejects.toThrow('cut')
    expect(failed.taken).toEqual(['a'])
  })

  it('makes no ReadableStream', async () => {
    const source = new PushedBody({ abort: () => {}, resume: () => {} })
    vi.stubGlobal('ReadableStream', undefined)
    const queue = relaySource(source, [FrameSplitter.stage()])
    vi.unstubAllGlobals()
    source.push(bytes('data: 1\n\n'))
    expect(await queue.read()).toEqual({ done: false, value: bytes('data: 1\n\n') })
  })
})
