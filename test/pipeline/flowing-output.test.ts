import { relay } from 'sse-stream-kit/streams'
import { expect, it } from 'vitest'
import { FLOW, type ItemSource } from '../../src/base/byte-source.ts'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function flowing(source: HandFed, highBytes = 65_536) {
  const readable = relay(source.readable, [], { watermark: { highBytes } })
  const reader = readable.getReader()
  const taken: string[] = []
  const flow = (readable as ItemSource<Uint8Array>)[FLOW]
  if (flow === undefined) throw new Error('The relay has no flowing mode')
  const take = (item: Uint8Array): void => {
    taken.push(new TextDecoder().decode(item))
  }
  return { reader, taken, take, flow }
}

it('passes items by a call from the moment a sink is attached', async () => {
  const source = new HandFed(bytes('a'))
  const { taken, take, flow } = flowing(source)
  expect(flow(take)).toBe(true)
  await settled()
  source.give(bytes('b'), bytes('c'))
  await settled()
  expect(taken).toEqual(['a', 'b', 'c'])
})

it('has no flowing mode while items have to be read first', async () => {
  const source = new HandFed(bytes('a'))
  const { reader, taken, take, flow } = flowing(source)
  await settled()
  expect(flow(take)).toBe(false)
  expect(await reader.read()).toEqual({ done: false, value: bytes('a') })
  expect(flow(take)).toBe(true)
  source.give(bytes('b'))
  await settled()
  expect(taken).toEqual(['b'])
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
