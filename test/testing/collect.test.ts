import { collect, type StreamStep, streamOf } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { refusal } from '../support/refusal.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('collect', () => {
  it('returns events, comments, bytes, text and chunks', async () => {
    const chunks = ['\uFEFFid: 7\nda', 'ta: é\n\n: pi', 'ng\n\n'].map(encode)
    const collected = await collect(streamOf(chunks))
    expect(collected.events).toEqual([{ id: '7', data: 'é', lastEventId: '7' }])
    expect(collected.comments).toEqual(['ping'])
    expect(collected.raw).toEqual(encode('\uFEFFid: 7\ndata: é\n\n: ping\n\n'))
    expect(collected.text).toBe('id: 7\ndata: é\n\n: ping\n\n')
    expect(collected.chunks).toHaveLength(3)
    collected.chunks.forEach((chunk, index) => {
      expect(chunk).toBe(chunks[index])
    })
    expect(collected.verdict).toBe('complete')
    expect(collected).not.toHaveProperty('error')
  })

  it('reads a response', async () => {
    expect((await collect(new Response('data: 1\n\n'))).events).toHaveLength(1)
  })

  it('reads a response without a body as an empty stream', async () => {
    const collected = await collect(new Response(null, { status: 204 }))
    expect([collected.verdict, collected.raw.length, collected.chunks]).toEqual(['complete', 0, []])
    expect(collected.firstByteMs).toBeUndefined()
  })

  it.each([
    ['nothing at all', ''],
    ['a blank line', 'data: 1\n\n'],
    ['a comment and a blank line', ': x\n\n'],
    ['an event and a comment line', 'data: 1\n\n: x\n'],
    ['comment lines alone', ': x\r\n:\r'],
    ['a bare CR as a blank line', 'data: 1\r\r'],
    ['more blank lines', 'data: 1\r\n\r\n\r\n'],
    ['a byte order mark alone', '\uFEFF'],
  ])('is complete for an end after %s', async (_, text) => {
    expect((await collect(streamOf(text))).verdict).toBe('complete')
  })

  it.each([
    ['in a line', 'data: 1\n\ndata: 2'],
    ['after a line', 'data: 1\n\ndata: 2\n'],
    ['in a comment', 'data: 1\n\n: x'],
    ['after a comment line of an event', 'data: 1\n\nid: 1\n: x\n'],
  ])('is truncated for an end without an error %s', async (_, text) => {
    const { verdict, events } = await collect(streamOf(text))
    expect([verdict, events.length]).toEqual(['truncated', 1])
  })

  it('is truncated for an end inside the byte order mark', async () => {
    expect((await collect(streamOf([new Uint8Array([0xef, 0xbb])]))).verdict).toBe('truncated')
  })

  it.each([
    ['at an event boundary', ['data: 1\n\n']],
    ['inside an event', ['data: 1\n\n', 'data: 2']],
  ])('returns the error of a stream that errors %s', async (_, steps) => {
    const cut = new Error('cut')
    const collected = await collect(streamOf([...steps, { error: cut }]))
    expect(collected.verdict).toBe('error')
    expect(collected.error).toBe(cut)
    expect(collected.events).toHaveLength(1)
    expect(collected.text).toBe(steps.join(''))
  })

  it('is an error even if the error is undefined', async () => {
    const collected = await collect(streamOf([{ error: undefined }]))
    expect(collected.verdict).toBe('error')
    expect(collected).toHaveProperty('error', undefined)
  })

  it('measures the times of the first byte and event, and the gaps', async () => {
    const collecting = collect(
      streamOf([
        { waitMs: 100 },
        '',
        { waitMs: 50 },
        ': hi\n\n',
        { waitMs: 200 },
        'data: 1\n\n',
        { waitMs: 25 },
      ]),
    )
    await vi.runAllTimersAsync()
    const { firstByteMs, firstEventMs, gapsMs, durationMs } = await collecting
    expect([firstByteMs, firstEventMs, gapsMs, durationMs]).toEqual([150, 350, [50, 200], 375])
  })

  it('cancels a source beyond maxBytes and keeps the bytes up to the limit', async () => {
    const stream = streamOf(['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'])
    const collected = await collect(stream, { maxBytes: 20 })
    expect(collected.verdict).toBe('error')
    expect(collected.error).toMatchObject({
      code: 'SSE_LIMIT',
      option: 'maxBytes',
      limit: 20,
      actual: 27,
    })
    expect(collected.text).toBe('data: 1\n\ndata: 2\n\nda')
    expect(collected.events).toHaveLength(2)
    expect([stream.state, stream.cancelReason]).toEqual(['cancelled', collected.error])
  })

  it('collects exactly maxBytes', async () => {
    expect((await collect(streamOf('data: 1\n\n'), { maxBytes: 9 })).verdict).toBe('complete')
  })

  it('collects an event larger than the default limit of the decoder', async () => {
    const { events, verdict } = await collect(
      streamOf(['data: ', new Uint8Array(17_000_000).fill(120), '\n\n']),
    )
    expect([verdict, events[0]?.data.length]).toEqual(['complete', 17_000_000])
  })

  it('cancels at once when the signal aborts during a read', async () => {
    const stream = streamOf(['data: 1\n\n', { waitMs: Infinity }])
    const controller = new AbortController()
    const collecting = collect(stream, { signal: controller.signal })
    await vi.advanceTimersByTimeAsync(10)
    controller.abort('enough')
    const collected = await collecting
    expect([collected.verdict, collected.error]).toEqual(['cancelled', 'enough'])
    expect(collected.events).toHaveLength(1)
    expect([stream.state, stream.cancelReason]).toEqual(['cancelled', 'enough'])
  })

  it('reads nothing if the signal has aborted already', async () => {
    const stream = streamOf(['data: 1\n\n'])
    const collected = await collect(stream, { signal: AbortSignal.abort('no') })
    expect([collected.verdict, collected.error, stream.pulls]).toEqual(['cancelled', 'no', 0])
    expect(stream.state).toBe('cancelled')
  })

  it('stops after the current chunk when the source aborts the signal', async () => {
    const controller = new AbortController()
    function* steps(): Generator<StreamStep> {
      yield 'data: 1\n\n'
      controller.abort('self')
      yield 'data: 2\n\n'
    }
    const collected = await collect(streamOf(steps()), { signal: controller.signal })
    expect([collected.verdict, collected.error, collected.events.length]).toEqual([
      'cancelled',
      'self',
      1,
    ])
  })

  it('ignores a source whose cancel hangs or throws', async () => {
    for (const cancel of [
      () => new Promise<void>(() => {}),
      () => Promise.reject(new Error('stuck')),
    ]) {
      const controller = new AbortController()
      const collecting = collect(new ReadableStream<Uint8Array>({ cancel }), {
        signal: controller.signal,
      })
      controller.abort('enough')
      expect(await collecting).toMatchObject({ verdict: 'cancelled', error: 'enough' })
    }
  })

  it.each([
    ['end', 'data: 1\n\n'],
    ['error', [{ error: new Error('cut') }]],
  ])('leaves no listener on the signal after an %s, and the stream unlocked', async (_, steps) => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const stream = streamOf(steps)
    await collect(stream, { signal })
    expect(added.mock.calls.map(([type, listener]) => [type, listener])).toEqual(
      removed.mock.calls.map(([type, listener]) => [type, listener]),
    )
    expect(added).toHaveBeenCalledOnce()
    expect(stream.locked).toBe(false)
  })

  it('collects bytes of another realm', async () => {
    const { runInNewContext } = await import('node:vm')
    const foreign = runInNewContext('new Uint8Array([100, 97, 116, 97, 58, 49, 10, 10])')
    expect(foreign).not.toBeInstanceOf(Uint8Array)
    expect((await collect(streamOf([foreign]))).events).toEqual([{ data: '1', lastEventId: '' }])
  })

  it('ends with a TypeError for a chunk that is not bytes, and cancels the source', async () => {
    let reason: unknown
    const texts = new ReadableStream({
      pull: (controller) => controller.enqueue('data: 1\n\n'),
      cancel: (given) => {
        reason = given
      },
    })
    const collected = await collect(texts)
    expect(collected.verdict).toBe('error')
    expect(collected.error).toBeInstanceOf(TypeError)
    expect(reason).toBe(collected.error)
  })

  it('refuses a locked stream, a response that was read, and a wrong limit', async () => {
    const locked = streamOf('data: 1\n\n')
    locked.getReader()
    await expect(collect(locked)).rejects.toThrow(TypeError)
    const used = new Response('data: 1\n\n')
    await used.text()
    await expect(collect(used)).rejects.toThrow('read already')
    await expect(collect(streamOf(''), { maxBytes: -1 })).rejects.toThrow(
      refusal(RangeError, 'maxBytes'),
    )
  })
})
