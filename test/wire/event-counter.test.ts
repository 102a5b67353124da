import { chunkings } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { EventCounter } from '../../src/wire/event-counter.ts'
import { bytes } from '../support/sse/bytes.ts'

// Random streams are in test/spec/random-streams.test.ts, against the decoder.
describe('EventCounter', () => {
  it.each<[string, string | Uint8Array, number]>([
    ['an event', 'data: x\n\n', 1],
    ['no event before its blank line', 'data: x\n', 0],
    ['an event without a colon', 'data\n\n', 1],
    ['no comment, no blank line and no block without data', ': x\n\n\n\nevent: e\nid: 1\n\n', 0],
    ['no field that only starts like one', 'datax: 1\n\ndat: 2\n\ndata x: 3\n\n', 0],
    ['no field behind a second byte order mark', '\ufeff\ufeffdata: x\n\n', 0],
    ['an event behind a byte order mark', '\ufeffdata: x\n\n', 1],
    ['no event behind a part of one', bytes(0xef, 0xbb, 'data: x\n\n'), 0],
    ['an event whose data comes last', 'event: e\nid: 1\ndata: x\n\n', 1],
    ['an event of two lines of data once', 'data: x\ndata: y\n\n', 1],
    ['events by all line ends', 'data: 1\r\rdata: 2\r\n\r\ndata: 3\n\rdata: 4\r\n\n', 4],
    ['an event with control characters', 'data: \t\t\u0001\u0001\n\ndata: \u0001\n\n', 2],
  ])('counts %s', (_, stream, events) => {
    for (const { name, chunks } of chunkings(bytes(stream))) {
      const counter = new EventCounter()
      for (const chunk of chunks) counter.count(chunk)
      expect(counter.events, name).toBe(events)
    }
  })

  it('treats only a blank line as the end of an event, from any position in a line', () => {
    for (let length = 0; length < 40; length++) {
      const line = `data: ${'x'.repeat(length)}`
      const count = (stream: string): number => {
        const counter = new EventCounter()
        counter.count(bytes(stream))
        return counter.events
      }
      expect(count(`${line}\nxdata: 1\n\n`), `${length}, another field`).toBe(1)
      expect(count(`${line}\ndata: 1\n\n`), `${length}, another line`).toBe(1)
      expect(count(`${line}\n\ndata: 1\n\n`), `${length}, another event`).toBe(2)
    }
  })
})
