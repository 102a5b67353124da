import { relay } from 'sse-stream-kit/streams'
import { expect, it } from 'vitest'
import { HAND_OVER, type HandOver } from '../../src/base/hand-over.ts'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function handed(source: HandFed, highBytes = 65_536) {
  const readable = relay(source.readable, [], { watermark: { highBytes } })
  const reader = readable.getReader()
  const taken: string[] = []
  const handOver = (readable as Partial<HandOver<Uint8Array>>)[HAND_OVER]
  if (handOver === undefined) throw new Error('The relay does not hand over')
  const take = (item: Uint8Array): void => {
    taken.push(new TextDecoder().decode(item))
  }
  return { reader, taken, take, handOver }
}

it('gives items by a call from the moment it is asked to', async () => {
  const source = new HandFed(bytes('a'))
  const { taken, take, handOver } = handed(source)
  expect(handOver(take)).toBe(true)
  await settled()
  source.give(bytes('b'), bytes('c'))
  await settled()
  expect(taken).toEqual(['a', 'b', 'c'])
})

it('does not hand over past items that have to be read first', async () => {
  const source = new HandFed(bytes('a'))
  const { reader, taken, take, handOver } = handed(source)
  await settled()
  expect(handOver(take)).toBe(false)
  expect(await reader.read()).toEqual({ done: false, value: bytes('a') })
  expect(handOver(take)).toBe(true)
  source.give(bytes('b'))
  await settled()
  expect(taken).toEqual(['b'])
})

it('holds items for a reader that takes none for now, up to the high mark', async () => {
  const source = new HandFed(bytes('a'))
  const { reader, taken, take, handOver } = handed(source, 2)
  handOver(take)
  await settled()
  handOver(undefined)
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

it('tells the end and the error by the closed promise of the reader', async () => {
  const closing = new HandFed(bytes('a'))
  const closed = handed(closing)
  closed.handOver(closed.take)
  closing.close()
  await closed.reader.closed
  expect(closed.taken).toEqual(['a'])
  expect(closed.handOver(closed.take)).toBe(false)

  const failing = new HandFed(bytes('a'))
  const failed = handed(failing)
  failed.handOver(failed.take)
  await settled()
  failing.fail(new Error('cut'))
  await expect(failed.reader.closed).rejects.toThrow('cut')
  expect(failed.taken).toEqual(['a'])
  expect(failed.handOver(failed.take)).toBe(false)
})

it('gives nothing any more after a cancel, also one from inside of the call', async () => {
  const source = new HandFed(bytes('a'), bytes('b'))
  const { reader, taken, take, handOver } = handed(source)
  handOver((item) => {
    take(item)
    reader.cancel('enough')
  })
  await settled()
  expect(taken).toEqual(['a'])
  expect(source.cancels).toEqual(['enough'])
})
