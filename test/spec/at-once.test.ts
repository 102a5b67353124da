import { FrameSplitter, SseDecoder } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { bytes } from '../support/sse/bytes.ts'
import { saidBy } from '../support/sse/spec-case.ts'
import { allOf } from '../support/streams/all-of.ts'

const MIB = 1_048_576

describe('"block buffering or line buffering with different expected line endings can cause delays in event dispatch"', () => {
  for (const [name, stream] of [
    ['LF', 'data: x\n\n'],
    ['CRLF', 'data: x\r\n\r\n'],
    ['CR', 'data: x\r\r'],
    ['the CR of what may become a CRLF', 'data: x\r\n\r'],
    ['LF and then CR', 'data: x\n\r'],
  ] as const) {
    it(`emits an event at the end by ${name}, before any further byte`, async () => {
      const decoder = new SseDecoder()
      const writer = decoder.writable.getWriter()
      const reader = decoder.readable.getReader()
      void writer.write(bytes(stream))
      expect(await reader.read()).toEqual({ done: false, value: { data: 'x', lastEventId: '' } })
    })

    it(`emits a frame at the end by ${name}, before any further byte`, async () => {
      const splitter = new FrameSplitter()
      const writer = splitter.writable.getWriter()
      const reader = splitter.readable.getReader()
      void writer.write(bytes(stream))
      expect(await reader.read()).toEqual({ done: false, value: bytes(stream) })
    })
  }

  it('reports each comment, retry and id at the byte that completes it', () => {
    const input = ':c\rretry: 5\rid: 1\rdata: x\r\r'
    const counts = Array.from(
      input,
      (_, index) => saidBy([bytes(input.slice(0, index + 1))]).length,
    )
    const steps = counts.flatMap((count, index) =>
      count > (counts[index - 1] ?? 0) ? [index] : [],
    )
    expect(steps).toEqual([
      input.indexOf('\rretry'),
      input.indexOf('\rid'),
      input.length - 1, // the id and the event, both at the blank line
    ])
    expect(counts.at(-1)).toBe(4)
  })

  it('does not end another event by an LF that follows after empty chunks', async () => {
    const chunks = ['data: x\r', '', '\n', '', '\r', '', '\n', '', 'data: y\r\n\r', '', '', '\n']
    const events = await allOf(streamOf(chunks).pipeThrough(new SseDecoder()))
    expect(events.map(({ data }) => data)).toEqual(['x', 'y'])
  })
})

describe('a line of 1 MiB, byte by byte', () => {
  const letters = new Uint8Array(MIB).fill(0x78)
  const eachByte = (...parts: (string | Uint8Array)[]) =>
    Array.from(bytes(...parts), (byte) => Uint8Array.of(byte))

  it('of data is kept complete', () => {
    const [event] = saidBy(eachByte('data: ', letters, '\n\n'))
    expect(event?.is === 'event' && event.data.length).toBe(MIB)
  })

  it('of an id is kept complete', () => {
    const [id] = saidBy(eachByte('id: ', letters, '\n\n'))
    expect(id?.is === 'id' && id.id.length).toBe(MIB)
  })

  it.each([':', 'foo: ', 'i', 'ret'])('that starts with "%s" changes no other line', (start) => {
    const few = letters.subarray(0, MIB / 16)
    const events = saidBy(eachByte(start, few, '\ndata: x\n\n')).filter(({ is }) => is === 'event')
    expect(events).toEqual([{ is: 'event', data: 'x', lastEventId: '' }])
  })
})
