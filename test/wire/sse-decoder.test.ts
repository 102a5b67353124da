import { type DecodedSseEvent, SseDecoder, type SseDecoderOptions } from 'sse-stream-kit/streams'
import { chunkings, streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { refusal } from '../support/refusal.ts'
import { bytes } from '../support/sse/bytes.ts'
import { allOf } from '../support/streams/all-of.ts'
import { warningsDuring } from '../support/warnings-during.ts'

/** Reads to the end, and returns the items and how the stream ended. */
async function decode(chunks: Uint8Array[] | string[], options?: SseDecoderOptions) {
  const events: DecodedSseEvent[] = []
  const source = streamOf(chunks)
  try {
    for await (const event of source.pipeThrough(new SseDecoder(options))) events.push(event)
    return { events, source }
  } catch (error) {
    return { events, source, error }
  }
}

// The standard's requirements are tested in test/spec; these are the details that it leaves open.
describe('SseDecoder', () => {
  it('calls the hooks in stream order, the id before the event of its block', async () => {
    const told: string[] = []
    const options = {
      onId: (id: string) => told.push(`id ${id}`),
      onRetry: (retryMs: number) => told.push(`retry ${retryMs}`),
      onComment: (comment: string) => told.push(`comment ${comment}`),
    }
    const stage = SseDecoder.stage(options)
    stage.start({ emit: ({ data }) => told.push(data), error: () => {}, desiredSize: 1, queued: 0 })
    stage.push(bytes(':a\ndata: x\n:b\nid: 1\nretry: 5\n:c\n\n:d\nid: 2\n\nretry: 6\ndata: y\n\n'))
    expect(told.join(', ')).toBe(
      'comment a, comment b, retry 5, comment c, id 1, x, comment d, id 2, retry 6, y',
    )
  })

  it('continues when hooks throw, and reports each exception once', async () => {
    const fail = (name: string) => () => {
      throw new Error(name)
    }
    let events: DecodedSseEvent[] = []
    const warnings = await warningsDuring(async () => {
      const options = { onId: fail('id'), onRetry: fail('retry'), onComment: fail('comment') }
      ;({ events } = await decode([':c\nid: 1\nretry: 5\ndata: x\n\n'], options))
    })
    expect(events).toEqual([{ data: 'x', id: '1', retry: 5, lastEventId: '1' }])
    expect(warnings.map(({ cause }) => (cause as Error).message)).toEqual([
      'comment',
      'retry',
      'id',
    ])
  })

  it('sets only the keys that a block contains', async () => {
    const { events } = await decode(['data: x\n\n'])
    expect(Object.keys(events[0] ?? {}).sort()).toEqual(['data', 'lastEventId'])
  })

  it('delivers the events that were complete before an error of the source', async () => {
    const failure = new Error('cut')
    const source = streamOf(['data: 1\n\ndata: 2\n\nda', 'ta: 3', { error: failure }])
    const reader = source.pipeThrough(new SseDecoder()).getReader()
    expect((await reader.read()).value).toMatchObject({ data: '1' })
    expect((await reader.read()).value).toMatchObject({ data: '2' })
    await expect(reader.read()).rejects.toBe(failure)
  })

  describe('with maxEventBytes', () => {
    it('accepts an event of exactly the limit, for any split into chunks', async () => {
      for (const text of ['data: 1\n\ndata: 2\n\n', 'data: 1\r\rdata: 2\r\r']) {
        for (const { name, chunks } of chunkings(bytes(text))) {
          const { events, error } = await decode(chunks, { maxEventBytes: 9 })
          expect(error, name).toBeUndefined()
          expect(
            events.map(({ data }) => data),
            name,
          ).toEqual(['1', '2'])
        }
      }
    })

    it('errors with SSE_LIMIT after the complete events, for any split into chunks', async () => {
      for (const { name, chunks } of chunkings(
        bytes('data: 1\n\ndata: 2\n\ndata: 30\n\ndata: 4\n\n'),
      )) {
        const { events, error, source } = await decode(chunks, { maxEventBytes: 9 })
        expect(
          events.map(({ data }) => data),
          name,
        ).toEqual(['1', '2'])
        expect(error, name).toMatchObject({
          code: 'SSE_LIMIT',
          option: 'maxEventBytes',
          limit: 9,
          actual: 10,
        })
        if (source.state === 'cancelled') expect(source.cancelReason, name).toBe(error)
      }
    })

    it('counts comments and unknown fields too, which are buffered as well', async () => {
      for (const start of [':', 'foo: ', 'id: ']) {
        const { error } = await decode([`${start}${'x'.repeat(100)}`], { maxEventBytes: 50 })
        expect(error).toMatchObject({ code: 'SSE_LIMIT' })
      }
    })

    it('does not count comments that have ended', async () => {
      const { error } = await decode([':0123456789\n\n'.repeat(100)], { maxEventBytes: 20 })
      expect(error).toBeUndefined()
    })

    it.each([0, -1, 1.5, Number.NaN])('refuses %s', (maxEventBytes) => {
      expect(() => new SseDecoder({ maxEventBytes })).toThrow(refusal(RangeError, 'maxEventBytes'))
    })

    it('has a default of 16 MiB, and no limit for Infinity', async () => {
      const chunk = bytes('data: ', new Uint8Array(0))
      const long = new Uint8Array(16_777_216).fill(0x78)
      expect((await decode([chunk, long])).error).toMatchObject({ limit: 16_777_216 })
      const { events, error } = await decode([chunk, long, bytes('\n\n')], {
        maxEventBytes: Infinity,
      })
      expect(error).toBeUndefined()
      expect(events[0]?.data).toHaveLength(16_777_216)
    })
  })

  it('skips missing hooks', async () => {
    const onComment = vi.fn()
    await decode([':a\n\n'], { onId: undefined, onRetry: undefined, onComment })
    expect(onComment.mock.calls).toEqual([['a']])
    await allOf(streamOf([':a\nid: 1\nretry: 1\n\n']).pipeThrough(new SseDecoder()))
  })
})
