import { chunkings, collect, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { refusal } from '../support/refusal.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
// By hand: the label latin1 means windows-1252 in the standard, and in Node since 22.
const decode = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

function join(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
}

function textsOf(bytes: Uint8Array, wanted: string): string[] {
  for (const { name, chunks } of chunkings(bytes)) {
    if (name === wanted) return chunks.map(decode)
  }
  return []
}

const BYTES = encode('\uFEFFevent: é\r\ndata: 🎉\r\rdata: 2\n\n')

describe('chunkings', () => {
  it.each([
    ['a stream with everything', BYTES],
    ['no bytes', new Uint8Array(0)],
    ['one byte', encode('x')],
    ['bytes that are no UTF-8', new Uint8Array([0x80, 0xff, 0x0d, 0x0a, 0xe2])],
  ])('joins to the same bytes for each name: %s', (_, bytes) => {
    const names = new Set<string>()
    let count = 0
    for (const { name, chunks } of chunkings(bytes)) {
      expect(join(chunks), name).toEqual(join([bytes]))
      names.add(name)
      count++
    }
    expect(names.size).toBe(count)
  })

  it('starts with the bytes in one chunk', () => {
    expect(textsOf(encode('abc'), 'whole')).toEqual(['abc'])
  })

  it('cuts once at every place between two bytes', () => {
    const cuts = [...chunkings(encode('abcd'))].filter(({ name }) => name.startsWith('cut at'))
    expect(cuts.map(({ chunks }) => chunks.map(decode))).toEqual([
      ['a', 'bcd'],
      ['ab', 'cd'],
      ['abc', 'd'],
    ])
  })

  it('cuts into chunks of one byte', () => {
    expect(textsOf(encode('abc'), '1-byte')).toEqual(['a', 'b', 'c'])
  })

  it('puts empty chunks first, last and between', () => {
    expect(textsOf(encode('abc'), 'whole between empty chunks')).toEqual(['', 'abc', ''])
    expect(textsOf(encode('ab'), '1-byte between empty chunks')).toEqual(['', 'a', '', 'b', ''])
  })

  it('cuts inside every CRLF at once, also with an empty chunk in the cut', () => {
    const bytes = encode('a\r\nb\n\r\r\nc')
    expect(textsOf(bytes, 'inside every CRLF')).toEqual(['a\r', '\nb\n\r\r', '\nc'])
    expect(textsOf(bytes, 'inside every CRLF, empty chunks between')).toEqual([
      '',
      'a\r',
      '',
      '\nb\n\r\r',
      '',
      '\nc',
      '',
    ])
  })

  it('cuts inside every UTF-8 sequence at once', () => {
    expect(textsOf(encode('aéb€'), 'inside every UTF-8 sequence')).toEqual([
      'a\xc3',
      '\xa9b\xe2',
      '\x82',
      '\xac',
    ])
  })

  it('cuts after every line end, of all three kinds', () => {
    expect(textsOf(encode('a\r\nb\rc\n\nd'), 'after every line end')).toEqual([
      'a\r\n',
      'b\r',
      'c\n',
      '\n',
      'd',
    ])
  })

  it('leaves out cuts that the bytes have no place for', () => {
    const names = [...chunkings(encode('ab'), { random: 0 })].map(({ name }) => name)
    expect(names).toEqual([
      'whole',
      'cut at 1 of 2',
      '1-byte',
      'whole between empty chunks',
      '1-byte between empty chunks',
    ])
  })

  it('makes the given number of random cuts, with long, short and empty chunks', () => {
    const random = [...chunkings(new Uint8Array(400), { random: 30 })].filter(({ name }) =>
      name.startsWith('random'),
    )
    const lengths = random.flatMap(({ chunks }) => chunks.map((chunk) => chunk.length))
    expect(random).toHaveLength(30)
    expect(lengths).toContain(0)
    expect(lengths).toContain(1)
    expect(Math.max(...lengths)).toBeGreaterThan(100)
  })

  it('makes the same cuts for the same seed only', () => {
    const cuts = (seed: number): string =>
      JSON.stringify([...chunkings(BYTES, { seed })].map(({ chunks }) => chunks.map(decode)))
    expect(cuts(7)).toBe(cuts(7))
    expect(cuts(7)).not.toBe(cuts(8))
    expect(cuts(1)).toBe(JSON.stringify([...chunkings(BYTES)].map((c) => c.chunks.map(decode))))
  })

  it('can be iterated more than once', () => {
    const all = chunkings(encode('abc'))
    expect([...all]).toEqual([...all])
    expect([...all].length).toBeGreaterThan(20)
  })

  it.each([
    ['a Uint8Array', encode('abc')],
    ['a Buffer, whose slice() gives views', Buffer.from('abc')],
  ])('yields copies, which may be changed or detached: %s', (_, bytes) => {
    for (const { chunks } of chunkings(bytes)) {
      for (const chunk of chunks) {
        chunk.fill(0)
        structuredClone(chunk, { transfer: [chunk.buffer] })
      }
    }
    expect(decode(bytes)).toBe('abc')
  })

  it.each([
    ['seed', { seed: -1 }],
    ['random', { random: 1.5 }],
  ])('refuses a wrong %s when called', (name, options) => {
    expect(() => chunkings(BYTES, options)).toThrow(refusal(RangeError, name))
  })

  it('shows that a decoder gives the same events for every chunking', async () => {
    for (const { name, chunks } of chunkings(BYTES)) {
      const { events, verdict } = await collect(streamOf(chunks))
      expect(events, name).toEqual([
        { event: 'é', data: '🎉', lastEventId: '' },
        { data: '2', lastEventId: '' },
      ])
      expect(verdict, name).toBe('complete')
    }
  })
})
