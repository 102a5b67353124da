import fc from 'fast-check'
import { FrameSplitter, type FrameSplitterOptions } from 'sse-stream-kit/streams'
import { chunkings, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { cuttingPlaces, endsAtBoundary } from '../support/sse/boundary-oracle.ts'
import { bytes } from '../support/sse/bytes.ts'
import { someChunks, someSse } from '../support/sse/some-sse.ts'
import { allOf } from '../support/streams/all-of.ts'
import { warningsDuring } from '../support/warnings-during.ts'

/** The synchronous output of the stage for each input chunk. */
function split(chunks: Iterable<Uint8Array>, options?: FrameSplitterOptions) {
  const stage = FrameSplitter.stage(options)
  const pieces: Uint8Array[][] = []
  stage.start({
    emit: (piece) => pieces.at(-1)?.push(piece),
    error: () => {},
    desiredSize: 1,
    queued: 0,
  })
  let error: unknown
  try {
    for (const chunk of chunks) {
      pieces.push([])
      stage.push(chunk)
    }
    pieces.push([])
    stage.end()
  } catch (thrown) {
    error = thrown
  }
  return { pieces, error }
}

describe('FrameSplitter', () => {
  it('passes a chunk that ends at a boundary unchanged, with any number of events', () => {
    for (const text of ['data: 1\n\n', 'data: 1\n\ndata: 2\r\n\r\n:c\r\r', '\n', '\r']) {
      const chunk = bytes(text)
      const { pieces } = split([chunk, chunk])
      expect(pieces[0]?.[0]).toBe(chunk)
      expect(pieces[1]?.[0]).toBe(chunk)
      expect(pieces.flat()).toHaveLength(2)
    }
  })

  it('passes the complete events of a chunk as a view, and copies only events that span chunks', () => {
    const first = bytes('data: 1\n\ndata: 2\n\nda')
    const second = bytes('ta: 3\n\ndata: 4\n\n')
    const { pieces } = split([first, second])
    expect(pieces[0]).toHaveLength(1)
    expect(pieces[0]?.[0]?.buffer).toBe(first.buffer)
    expect(pieces[0]?.[0]).toEqual(bytes('data: 1\n\ndata: 2\n\n'))
    expect(pieces[1]).toEqual([bytes('data: 3\n\ndata: 4\n\n')])
  })

  describe('if many complete events follow an event that spans chunks', () => {
    const LONG = 'data: x\n\n'.repeat(1000)

    it('copies that event only', () => {
      const second = bytes(`ta: 1\n\n${LONG}da`)
      const { pieces } = split([bytes('da'), second, bytes('ta: 2\n\n')])
      expect(pieces[1]).toEqual([bytes('data: 1\n\n'), bytes(LONG)])
      expect(pieces[1]?.[0]?.buffer).not.toBe(second.buffer)
      expect(pieces[1]?.[1]?.buffer).toBe(second.buffer)
      expect(pieces[2]).toEqual([bytes('data: 2\n\n')])
    })

    it('keeps the two halves of a CRLF together', () => {
      const { pieces } = split([bytes('data: 1\r\n'), bytes(`\r\n${LONG}`)])
      expect(pieces[1]).toEqual([bytes('data: 1\r\n\r\n'), bytes(LONG)])
    })

    it('joins both if less follows', () => {
      const short = 'data: x\n\n'.repeat(100)
      const { pieces } = split([bytes('da'), bytes(`ta: 1\n\n${short}`)])
      expect(pieces[1]).toEqual([bytes(`data: 1\n\n${short}`)])
      const longEvent = `ta: ${'y'.repeat(10_000)}\n\n${short}`
      expect(split([bytes('da'), bytes(longEvent)]).pieces[1]).toEqual([bytes(`da${longEvent}`)])
    })

    it('changes no byte, and splits at boundaries only', () => {
      fc.assert(
        fc.property(someSse, fc.nat(), someSse, (head, place, tail) => {
          const input = bytes(head, LONG, tail)
          const cut = place % (head.length + 1)
          const { pieces } = split([input.slice(0, cut), input.slice(cut)])
          expect(bytes(...pieces.flat())).toEqual(input)
          let given = 0
          for (const piece of pieces.slice(0, -1).flat()) {
            given += piece.length
            expect(endsAtBoundary(input.subarray(0, given))).toBe(true)
          }
        }),
        { numRuns: 100 },
      )
    })
  })

  it('has copied what it needs of a chunk before it passes it on', () => {
    const stage = FrameSplitter.stage()
    const pieces: string[] = []
    stage.start({
      emit: (piece) => {
        pieces.push(new TextDecoder().decode(piece))
        structuredClone(piece, { transfer: [piece.buffer as ArrayBuffer] })
      },
      error: () => {},
      desiredSize: 1,
      queued: 0,
    })
    stage.push(bytes('data: 1\n\nda'))
    stage.push(bytes('ta: 2\n\n'))
    expect(pieces).toEqual(['data: 1\n\n', 'data: 2\n\n'])
  })

  it('keeps no reference to a chunk: a later change of it has no effect', () => {
    const stage = FrameSplitter.stage()
    const pieces: Uint8Array[] = []
    stage.start({ emit: (piece) => pieces.push(piece), error: () => {}, desiredSize: 1, queued: 0 })
    const chunk = bytes('data: 1')
    stage.push(chunk)
    chunk.fill(0)
    stage.push(bytes('\n\n'))
    stage.push(bytes('data: 2'))
    stage.push(bytes('\n\n'))
    expect(pieces).toEqual([bytes('data: 1\n\n'), bytes('data: 2\n\n')])
  })

  it('emits at once all that is complete, changes no byte, and splits at boundaries only', () => {
    fc.assert(
      fc.property(someChunks(someSse), (chunks) => {
        const input = bytes(...chunks)
        const places = cuttingPlaces(input)
        const { pieces } = split(chunks)
        let arrived = 0
        let given = 0
        for (const [index, chunk] of chunks.entries()) {
          arrived += chunk.length
          for (const piece of pieces[index] as Uint8Array[]) {
            expect(piece.length).toBeGreaterThan(0)
            given += piece.length
            expect(endsAtBoundary(input.subarray(0, given))).toBe(true)
          }
          expect(given).toBe(Math.max(0, ...places.filter((place) => place <= arrived)))
        }
        expect(bytes(...pieces.flat())).toEqual(input)
      }),
      { numRuns: 2000 },
    )
  })

  it('passes an incomplete end unchanged, and reports its length', async () => {
    const onTail = vi.fn()
    const chunks = ['data: 1\n\ndata', ': 2\n']
    const pieces = await allOf(streamOf(chunks).pipeThrough(new FrameSplitter({ onTail })))
    expect(pieces).toEqual([bytes('data: 1\n\n'), bytes('data: 2\n')])
    expect(onTail.mock.calls).toEqual([[8]])
  })

  it('does not report a complete end', async () => {
    const onTail = vi.fn()
    await allOf(streamOf(['data: 1\n\n']).pipeThrough(new FrameSplitter({ onTail })))
    await allOf(streamOf([]).pipeThrough(new FrameSplitter({ onTail })))
    expect(onTail).not.toHaveBeenCalled()
  })

  it.each([
    ['one', ': keepalive\n', []],
    ['several', ': a\n:\r\n: b\r', []],
    ['one without its end', ': keepalive', [[11]]],
    ['one and the beginning of another', ': a\n:', [[5]]],
    ['one and a field', ': a\nid: 7\n', [[10]]],
    ['a line with a colon in it', 'data: a\n', [[8]]],
  ])('says nothing of an end behind whole comment lines: %s', async (_, tail, calls) => {
    for (const { name, chunks } of chunkings(bytes(`data: 1\n\n${tail}`))) {
      const onTail = vi.fn()
      const pieces = await allOf(streamOf(chunks).pipeThrough(new FrameSplitter({ onTail })))
      expect(bytes(...pieces), name).toEqual(bytes(`data: 1\n\n${tail}`))
      expect(onTail.mock.calls, name).toEqual(calls)
    }
  })

  it('does not report an end by error or cancel', async () => {
    const onTail = vi.fn()
    const failure = new Error('cut')
    const cut = streamOf(['data: 1\n\ndata: 2', { error: failure }])
    const reader = cut.pipeThrough(new FrameSplitter({ onTail })).getReader()
    expect((await reader.read()).value).toEqual(bytes('data: 1\n\n'))
    await expect(reader.read()).rejects.toBe(failure)
    const left = streamOf(['data: 1\n\ndata: 2'])
      .pipeThrough(new FrameSplitter({ onTail }))
      .getReader()
    await left.read()
    await left.cancel()
    expect(onTail).not.toHaveBeenCalled()
  })

  it('continues, and reports once, when onTail throws', async () => {
    const thrown = new Error('hook')
    let text = ''
    const warnings = await warningsDuring(async () => {
      const splitter = new FrameSplitter({
        onTail: () => {
          throw thrown
        },
      })
      text = await new Response(streamOf(['data']).pipeThrough(splitter)).text()
    })
    expect(text).toBe('data')
    expect(warnings.map(({ cause }) => cause)).toEqual([thrown])
  })

  describe('with maxEventBytes', () => {
    it('accepts an event of exactly the limit, including its blank line', () => {
      for (const text of ['data: 1\n\n', 'data: 1\r\r', 'data: 1\r\n\r\n']) {
        const chunk = bytes(text)
        expect(split([chunk, chunk], { maxEventBytes: chunk.length }).error).toBeUndefined()
      }
    })

    it('errors with SSE_LIMIT at the first byte over it, after every complete event', async () => {
      const seen: Uint8Array[] = []
      const splitter = new FrameSplitter({ maxEventBytes: 9 })
      const source = streamOf(['data: 1\n\ndata: 2\n\ndata: 30\n\n'])
      let error: unknown
      try {
        for await (const piece of source.pipeThrough(splitter)) seen.push(piece)
      } catch (thrown) {
        error = thrown
      }
      expect(bytes(...seen)).toEqual(bytes('data: 1\n\ndata: 2\n\n'))
      expect(error).toMatchObject({
        name: 'SseLimitError',
        code: 'SSE_LIMIT',
        option: 'maxEventBytes',
        limit: 9,
        actual: 10,
      })
      expect(source.cancelReason).toBe(error)
    })

    it('errors at the same event for any split into chunks', () => {
      const limits = fc.constantFrom(4, 5, 8, 13)
      fc.assert(
        fc.property(someChunks(someSse), limits, (chunks, maxEventBytes) => {
          const input = bytes(...chunks)
          const { pieces, error } = split(chunks, { maxEventBytes })
          let last = 0
          let isOver = false
          for (const place of [...cuttingPlaces(input), input.length]) {
            isOver = place - last > maxEventBytes
            if (isOver) break
            last = place
          }
          expect(error !== undefined).toBe(isOver)
          expect(bytes(...pieces.flat())).toEqual(isOver ? input.subarray(0, last) : input)
        }),
        { numRuns: 2000 },
      )
    })

    it('buffers at most the limit of an event that does not end', () => {
      const set = vi.spyOn(Object.getPrototypeOf(Uint8Array.prototype), 'set')
      try {
        const limit = 10_000
        split(
          Array.from({ length: 100 }, () => new Uint8Array(1000).fill(0x78)),
          { maxEventBytes: limit },
        )
        const largest = set.mock.contexts.map((target) => (target as Uint8Array).length)
        expect(Math.max(...largest)).toBeLessThanOrEqual(limit)
      } finally {
        set.mockRestore()
      }
    })

    it.each([0, -1, 1.5, Number.NaN, '9' as never])('refuses %s', (maxEventBytes) => {
      expect(() => new FrameSplitter({ maxEventBytes })).toThrow(
        refusal(RangeError, 'maxEventBytes'),
      )
    })

    it('has no limit for Infinity, and the default for undefined', () => {
      const long = new Uint8Array(17_000_000).fill(0x78)
      expect(split([long], { maxEventBytes: Infinity }).error).toBeUndefined()
      expect(split([long], { maxEventBytes: undefined }).error).toMatchObject({ limit: 16_777_216 })
    })
  })

  it('copies each byte a few times at most, for 1 MiB in chunks of one byte', () => {
    const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
    const { set } = typedArray
    let copied = 0
    // No spy: it would record a million calls.
    typedArray.set = function (this: Uint8Array, source, offset) {
      copied += source.length
      set.call(this, source, offset)
    }
    try {
      const length = 1_048_576
      const byte = bytes('x')
      const { pieces } = split(
        (function* () {
          for (let index = 0; index < length; index++) yield byte
          yield bytes('\n\n')
        })(),
      )
      expect(pieces.flat()[0]).toHaveLength(length + 2)
      expect(copied).toBeGreaterThan(length)
      expect(copied).toBeLessThan(4 * length)
    } finally {
      typedArray.set = set
    }
  })
})
