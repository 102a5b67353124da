import { type EncodableSse, sseResponse } from 'sse-stream-kit/streams'
import { streamOf } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'

const eventsOf = (...events: EncodableSse[]): ReadableStream<EncodableSse> =>
  new ReadableStream({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })
const bytesOf = (...texts: string[]): ReadableStream<Uint8Array> =>
  streamOf(texts.map((text) => new TextEncoder().encode(text)))

describe('sseResponse', () => {
  it('encodes events', async () => {
    const response = sseResponse(eventsOf({ event: 'word', data: 'Grüße' }, { comment: 'bye' }))
    expect(await response.text()).toBe('event: word\ndata: Grüße\n\n: bye\n\n')
  })

  it('takes an async generator, and ends it when the client leaves', async () => {
    let isOver = false
    async function* counted(): AsyncGenerator<EncodableSse> {
      try {
        for (let index = 0; ; index++) yield { data: `${index}`.repeat(10_000) }
      } finally {
        isOver = true
      }
    }
    const reader = sseResponse(counted()).body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toMatch(/^data: 0{10000}\n\n$/)
    await reader?.cancel()
    expect(isOver).toBe(true)
  })

  it('ends with an async generator, and breaks with it', async () => {
    async function* once(error?: Error): AsyncGenerator<EncodableSse> {
      yield { data: '1' }
      if (error !== undefined) throw error
    }
    expect(await sseResponse(once()).text()).toBe('data: 1\n\n')
    const reader = sseResponse(once(new Error('broken'))).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    await expect(reader?.read()).rejects.toThrow('broken')
  })

  it('passes bytes as they are', async () => {
    const texts = ['\ufeffdata: 1\r', '\n\r\nfoo\n', ':x\n\ndata']
    const passed = await sseResponse(bytesOf(...texts)).arrayBuffer()
    expect(Buffer.from(passed).toString()).toBe(texts.join(''))
  })

  it('has headers that no server buffers', () => {
    const { status, headers } = sseResponse(eventsOf())
    expect(status).toBe(200)
    expect(Object.fromEntries(headers)).toEqual({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
  })

  it('adds status and headers, which win', () => {
    const response = sseResponse(eventsOf(), {
      status: 201,
      statusText: 'Streaming',
      headers: [
        ['Content-Type', 'text/event-stream; charset=utf-8'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-accel-buffering', 'yes'],
      ],
    })
    expect(response).toMatchObject({ status: 201, statusText: 'Streaming' })
    expect([...response.headers]).toEqual([
      ['cache-control', 'no-cache, no-transform'],
      ['content-type', 'text/event-stream; charset=utf-8'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-accel-buffering', 'yes'],
    ])
  })

  it.each([
    ['no-store', 'no-store, no-transform'],
    ['private, No-Transform', 'private, No-Transform'],
    ['', 'no-transform'],
  ])('makes %j say no-transform', (given, sent) => {
    const { headers } = sseResponse(eventsOf(), { headers: { 'cache-control': given } })
    expect(headers.get('cache-control')).toBe(sent)
  })

  it('sends heartbeats where wanted, the first before the first event', async () => {
    const response = sseResponse(new ReadableStream<EncodableSse>(), {
      heartbeat: { atStart: true, frame: ': hello\n\n' },
    })
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(new TextDecoder().decode(first?.value)).toBe(': hello\n\n')
    await reader?.cancel()
  })

  it('sends none by default', async () => {
    expect(await sseResponse(eventsOf({ data: '1' })).text()).toBe('data: 1\n\n')
  })

  it('reads no more of the stream than it may hold', async () => {
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled++
          controller.enqueue(new Uint8Array(16_384))
        },
      },
      { highWaterMark: 0 },
    )
    const { body } = sseResponse(endless)
    await new Promise((resolve) => setImmediate(resolve))
    expect(pulled).toBe(4)
    await body?.cancel()
  })

  it('cancels the stream with the reason', async () => {
    const cancelled = new Promise((resolve) => {
      const { body } = sseResponse(new ReadableStream<EncodableSse>({ cancel: resolve }))
      void body?.cancel('gone')
    })
    expect(await cancelled).toBe('gone')
  })

  it.each([
    ['text', 'Hello', /must be an event such as .*: got a string/],
    ['null', null, /must be an event such as .*: got null/],
    ['an object without a field', {}, /^An event must have "data"/],
  ])('breaks at %s, after the events before it', async (_, item, message) => {
    const items = [{ data: '1' }, item] as EncodableSse[]
    const reader = sseResponse(eventsOf(...items)).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('data: 1\n\n')
    await expect(reader?.read()).rejects.toThrow(message)
  })

  it('refuses what is no stream', () => {
    const list = [{ data: '1' }] as unknown as ReadableStream<EncodableSse>
    expect(() => sseResponse(list)).toThrow(/: got an object$/)
    expect(() => sseResponse(undefined as unknown as typeof list)).toThrow(/: got undefined$/)
  })

  it.each<[Parameters<typeof sseResponse>[1], string | RegExp]>([
    [{ status: 204 }, /status/],
    [{ status: 99 }, /status/],
    [{ headers: { 'bad name': '1' } }, 'bad name'],
    [{ heartbeat: { intervalMs: 0 } }, 'intervalMs'],
  ])('leaves the stream alone when it refuses %o', (init, message) => {
    const stream = eventsOf({ data: '1' })
    expect(() => sseResponse(stream, init)).toThrow(message)
    expect(stream.locked).toBe(false)
  })
})
