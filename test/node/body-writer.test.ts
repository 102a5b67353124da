import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { relay } from 'sse-stream-kit/streams'
import { expect, it, vi } from 'vitest'
import { FLOW } from '../../src/base/byte-source.ts'
import { BodyWriter } from '../../src/node/body-writer.ts'
import type { NodeResponse } from '../../src/node/node-message.ts'
import { settled } from '../support/settled.ts'
import { HandFed } from '../support/streams/hand-fed.ts'

/** A response that is full after the given writes. */
class Sink extends EventEmitter {
  readonly written: number[] = []
  hasEnded = false
  readonly #isFullAfter: (write: number) => boolean

  constructor(isFullAfter: (write: number) => boolean = () => false) {
    super()
    this.#isFullAfter = isFullAfter
  }

  write(chunk: Uint8Array): boolean {
    this.written.push(...chunk)
    return !this.#isFullAfter(this.written.length)
  }

  end(): void {
    this.hasEnded = true
  }
}

function start(sink: Sink, body: ReadableStream<Uint8Array>) {
  const onBreak = vi.fn<(reason: unknown) => void>()
  const writer = new BodyWriter(sink as unknown as NodeResponse, body, () => sink.end(), onBreak)
  writer.start()
  return { writer, onBreak }
}

const withoutFlow = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
  Object.assign(body, { [FLOW]: undefined })

it('receives the items of a relay in flowing mode, without reading it', async () => {
  const source = new HandFed()
  const body = relay(source.readable, [])
  const read = vi.spyOn(ReadableStreamDefaultReader.prototype, 'read')
  const sink = new Sink()
  const { writer } = start(sink, body)
  await settled()
  const readsOfTheSource = read.mock.contexts.length
  source.give(Uint8Array.of(1), Uint8Array.of(2))
  await settled()
  // Two items and one pending read.
  expect(read.mock.contexts.length - readsOfTheSource).toBe(2)
  source.close()
  await settled()
  read.mockRestore()
  expect(sink.written).toEqual([1, 2])
  expect(sink.hasEnded).toBe(true)
  expect(writer.hasEnded).toBe(true)
})

it('writes the same bytes in flowing mode and by reading, with backpressure at any chunk', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('give', 'drain', 'wait'), { maxLength: 60 }),
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      async (steps, every, isFlowing) => {
        const source = new HandFed()
        const body = relay(source.readable, [], { watermark: { highBytes: 4 } })
        const sink = new Sink((write) => write % every === 0)
        start(sink, isFlowing ? body : withoutFlow(body))
        const given: number[] = []
        for (const step of steps) {
          if (step === 'drain') sink.emit('drain')
          else if (step === 'wait') await settled()
          else {
            given.push(given.length % 256)
            source.give(Uint8Array.of(given.length - 1))
          }
        }
        source.close()
        while (!sink.hasEnded) {
          sink.emit('drain')
          await settled()
        }
        expect(sink.written).toEqual(given)
        expect(sink.listenerCount('drain')).toBe(0)
      },
    ),
    { numRuns: 200 },
  )
})

it('reports once that a body in flowing mode failed, and cancels one that cannot be written', async () => {
  const failing = new HandFed(Uint8Array.of(1))
  const broken = start(new Sink(), relay(failing.readable, []))
  await settled()
  failing.fail('cut')
  await settled()
  expect(broken.onBreak.mock.calls).toEqual([['cut']])

  const source = new HandFed(Uint8Array.of(1), Uint8Array.of(2))
  const sink = new Sink()
  sink.write = () => {
    throw new TypeError('no')
  }
  const unwritable = start(sink, relay(source.readable, []))
  await settled()
  expect(unwritable.onBreak).toHaveBeenCalledTimes(1)
  expect(source.cancels).toHaveLength(1)
})

it('cancels a body in flowing mode', async () => {
  const source = new HandFed(Uint8Array.of(1))
  const sink = new Sink()
  const { writer } = start(sink, relay(source.readable, []))
  await settled()
  writer.cancel('gone')
  await settled()
  expect(source.cancels).toEqual(['gone'])
  expect(sink.hasEnded).toBe(false)
})
