import { type ProxyFetchOptions, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { fakeUpstream, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from './open-proxy.ts'

const PREFILL = [step.status(200), step.wait(50_000), step.send({ data: '1' })]

/** What the client has got after 60 s in which it read everything at once. */
async function read(
  script: UpstreamScript,
  options: ProxyFetchOptions = {},
  path = '/v1/chat/completions',
): Promise<{ text: string; summary: StreamSummary | undefined }> {
  const upstream = fakeUpstream(script)
  const summaries: StreamSummary[] = []
  const response = await proxyFetch(new Request(`http://client.test${path}`), 'http://up.test', {
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
    [{ frame: 'comment' }, ': keepalive\n\n', 3],
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
