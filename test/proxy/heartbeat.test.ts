import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import {
  collect,
  fakeUpstream,
  slowClient,
  step,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'

const PREFILL = [step.status(200), step.wait(50_000), step.send({ data: '1' })]

/** What the client has got after 60 s in which it read everything at once. */
async function read(
  script: UpstreamScript,
  options: ProxyFetchOptions = {},
  path = '/v1/chat/completions',
  headers: Record<string, string> = {},
): Promise<{ text: string; summary: StreamSummary | undefined }> {
  const upstream = fakeUpstream(script)
  const summaries: StreamSummary[] = []
  const request = new Request(`http://client.test${path}`, { headers })
  const response = await proxyFetch(request, 'http://up.test', {
    fetch: upstream.fetch,
    onEnd: (summary) => summaries.push(summary),
    ...options,
  })
  const text = response.text()
  await vi.advanceTimersByTimeAsync(60_000)
  return { text: await text, summary: summaries[0] }
}

describe('heartbeats', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('go out every 15 s while the model thinks', async () => {
    const { text, summary } = await read(PREFILL)
    expect(text).toBe(`${': keepalive\n\n'.repeat(3)}data: 1\n\n`)
    expect(summary).toMatchObject({ heartbeats: 3, bytesIn: 9, bytesOut: 9 + 3 * 13, events: 1 })
    expect(summary?.firstEventMs).toBe(50_000)
  })

  it.each([
    ['/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', '\n'],
    ['/v1/messages', ': keepalive\n\n'],
  ])('for %s are %j', async (path, frame) => {
    expect((await read(PREFILL, {}, path)).text).toBe(`${frame.repeat(3)}data: 1\n\n`)
  })

  it.each([
    ['text/event-stream', ': keepalive\n'],
    ['application/json, Text/Event-Stream;q=0.9', ': keepalive\n'],
    ['text/event-stream , */*', ': keepalive\n'],
    ['application/json', ': keepalive\n\n'],
    ['*/*', ': keepalive\n\n'],
    ['text/event-streams, x-text/event-stream', ': keepalive\n\n'],
  ])('for a client that accepts %s are %j', async (accept, frame) => {
    const { text, summary } = await read(PREFILL, {}, undefined, { accept })
    expect(text).toBe(`${frame.repeat(3)}data: 1\n\n`)
    expect(summary).toMatchObject({ bytesOut: 9 + 3 * frame.length, heartbeats: 3, events: 1 })
  })

  it.each([
    ['text/event-stream', ': keepalive\n'],
    ['*/*', '\n'],
  ])("for a client of Gemini's API that accepts %s are %j", async (accept, frame) => {
    const path = '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse'
    expect((await read(PREFILL, {}, path, { accept })).text).toBe(`${frame.repeat(3)}data: 1\n\n`)
  })

  it('of a form that the application names do not depend on the client', async () => {
    const heartbeat = { frame: 'comment' }
    const accept = 'text/event-stream'
    expect((await read(PREFILL, { heartbeat }, undefined, { accept })).text).toBe(
      `${': keepalive\n\n'.repeat(3)}data: 1\n\n`,
    )
  })

  describe('of one comment line', () => {
    const heartbeat = { frame: 'comment-line' }

    it('may be the last bytes of a response that is complete', async () => {
      const script = [step.send({ data: '1' }), step.wait(20_000), step.end()]
      const { text, summary } = await read(script, { heartbeat })
      expect(text).toBe('data: 1\n\n: keepalive\n')
      expect(summary).toMatchObject({ verdict: 'complete', heartbeats: 1 })
    })

    it('from a proxy behind are no part of an event', async () => {
      const script = [step.raw('data: 1\n\n: keepalive\n')]
      expect((await read(script)).summary).toMatchObject({ verdict: 'complete', events: 1 })
    })

    it('stand in front of an error event, which stays one', async () => {
      const script = [step.send({ data: '1' }), step.wait(20_000), step.raw('data: 2'), step.cut()]
      const upstream = fakeUpstream(script)
      const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
        fetch: upstream.fetch,
        heartbeat,
        upstreamErrors: 'event-then-break',
      })
      const collecting = collect(response)
      await vi.advanceTimersByTimeAsync(60_000)
      const { text, events, comments, verdict } = await collecting
      expect(text).toMatch(/^data: 1\n\n: keepalive\ndata: \{"error":.*\}\n\n$/)
      expect(JSON.parse(events[1]?.data ?? '')).toMatchObject({ error: { type: 'upstream_error' } })
      expect([events.length, comments, verdict]).toEqual([2, ['keepalive'], 'error'])
    })

    it('leave what a transform changes as it is', async () => {
      const script = [
        step.raw('data: 1\r\n\r\n'),
        step.wait(20_000),
        step.raw('data: 2\r\n\r\n'),
        step.wait(20_000),
      ]
      const { text } = await read(script, {
        heartbeat,
        transform: (event) => (event.data === '2' ? { data: 'two' } : event),
      })
      expect(text).toBe('data: 1\r\n\r\n: keepalive\ndata: two\n\n: keepalive\n')
    })
  })

  it.each([
    [{ frame: 'comment' }, ': keepalive\n\n', 3],
    [{ frame: 'comment-line' }, ': keepalive\n', 3],
    [{ frame: ':\n' }, ':\n', 3],
    [{ frame: 'blank' }, '\n', 3],
    [{ frame: ':\n\n', intervalMs: 20_000 }, ':\n\n', 2],
    [{ intervalMs: 40_000 }, ': keepalive\n\n', 1],
    [{ intervalMs: Infinity }, '', 0],
    [false, '', 0],
  ] as const)('may be %o', async (heartbeat, frame, count) => {
    expect((await read(PREFILL, { heartbeat })).text).toBe(`${frame.repeat(count)}data: 1\n\n`)
  })

  it('go out while half of an event is held back, and not into it', async () => {
    const script = [step.raw('data: '), step.wait(20_000), step.raw('1\n\n')]
    expect((await read(script)).text).toBe(': keepalive\n\ndata: 1\n\n')
  })

  it('do not touch an answer that is no event stream', async () => {
    const script = [
      step.status(200, { 'content-type': 'application/json' }),
      step.wait(50_000),
      step.raw('{}'),
    ]
    const { text, summary } = await read(script)
    expect(text).toBe('{}')
    expect(summary?.heartbeats).toBe(0)
  })

  it('do not touch an event stream in a coding that nobody took off', async () => {
    const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'foo' }
    const script = [step.status(200, headers), step.wait(50_000), step.raw('coded')]
    expect((await read(script)).text).toBe('coded')
  })

  it('do not pile up for a client that does not read', async () => {
    const upstream = fakeUpstream([step.status(200), step.hang()])
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: upstream.fetch,
    })
    await vi.advanceTimersByTimeAsync(500_000)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const first = await reader.read()
    expect(new TextDecoder().decode(first.value)).toBe(': keepalive\n\n')
    await reader.cancel()
  })
})

describe('heartbeats, over sockets', () => {
  it('reach a client before the first event', async () => {
    const { url, ended } = await openProxy([step.status(200), step.hang()], {
      heartbeat: { intervalMs: 10 },
    })
    const client = slowClient(url)
    await client.received(3 * 13)
    client.leave()
    expect(client.text).toMatch(/^(: keepalive\n\n){3,}$/)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', events: 0, bytesIn: 0 })
  })
})
