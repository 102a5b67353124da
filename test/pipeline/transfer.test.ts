import { FrameSplitter, HeartbeatInjector, relay, SseDecoder } from 'sse-stream-kit/streams'
import { afterEach, describe, expect, it } from 'vitest'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'
import { EVERY_TRANSFORM } from '../support/streams/every-transform.ts'
import { HandFed } from '../support/streams/hand-fed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

let ports: MessageChannel | undefined

afterEach(() => {
  ports?.port1.close()
  ports = undefined
})

function channel(): MessageChannel {
  ports = new MessageChannel()
  return ports
}

/** What every runtime can transfer; the types of Node leave streams out. */
const transfer = (stream: object): Transferable[] => [stream as unknown as Transferable]

const PUBLIC = [
  ...EVERY_TRANSFORM.map(({ name, create }) => ({ name, create: () => create([]) })),
  { name: 'the class SseDecoder', create: () => new SseDecoder() },
  { name: 'the class FrameSplitter', create: () => new FrameSplitter() },
  { name: 'the class HeartbeatInjector', create: () => new HeartbeatInjector() },
]

describe.each(PUBLIC)('$name', ({ create }) => {
  it('cannot be transferred, and works on', async () => {
    const stream = create()
    expect(stream).toBeInstanceOf(TransformStream)
    const failure = { name: 'DataCloneError' }
    const { port1 } = channel()
    expect(() => port1.postMessage(stream, transfer(stream))).toThrow(
      expect.objectContaining(failure),
    )
    expect(() => structuredClone(stream, { transfer: transfer(stream) })).toThrow(
      expect.objectContaining(failure),
    )
    expect([stream.readable.locked, stream.writable.locked]).toEqual([false, false])
    await stream.readable.cancel()
  })
})

it('the output of a transform can be transferred, and arrives decoded', async () => {
  const source = new HandFed(bytes('data: 1\n\n'))
  source.close()
  const { readable } = source
  const events = readable.pipeThrough(new SseDecoder())
  expect(await arrived(events)).toEqual([{ data: '1', lastEventId: '' }])
})

it('the output of a relay can be transferred', async () => {
  const source = new HandFed(bytes('data: 1\n\n'))
  source.close()
  const chunks = (await arrived(relay(source.readable, [FrameSplitter.stage()]))) as Uint8Array[]
  expect(chunks.map((chunk) => new TextDecoder().decode(chunk))).toEqual(['data: 1\n\n'])
})

async function arrived(stream: ReadableStream<unknown>): Promise<unknown[]> {
  const { port1, port2 } = channel()
  const received = new Promise<ReadableStream<unknown>>((resolve) => {
    port2.onmessage = ({ data }) => resolve(data as ReadableStream<unknown>)
  })
  port1.postMessage(stream, transfer(stream))
  return await allOf(await received)
}
