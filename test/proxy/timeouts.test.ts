import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import {
  type ProxyFetchOptions,
  proxyFetch,
  type StreamSummary,
  sseProxy,
  type TimeoutOptions,
} from 'sse-stream-kit'
import {
  type FakeUpstream,
  fakeUpstream,
  slowClient,
  step,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { within } from '../support/within.ts'

interface Run {
  response: Promise<Response>
  upstream: FakeUpstream
  summaries: StreamSummary[]
}

function run(script: UpstreamScript, timeouts: TimeoutOptions, options?: ProxyFetchOptions): Run {
  const upstream = fakeUpstream(script)
  const summaries: StreamSummary[] = []
  const response = proxyFetch(new Request('http://client.test/'), 'http://up.test', {
    fetch: upstream.fetch,
    onEnd: (summary) => summaries.push(summary),
    timeouts,
    ...options,
  })
  return { response, upstream, summaries }
}

describe('a limit', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([
    ['headers', { headersMs: 5_000 }, 5_000],
    ['headers', {}, 600_000],
    ['headers', { headersMs: 5_000, totalMs: 5_001 }, 5_000],
    ['total', { headersMs: 5_000, totalMs: 4_000 }, 4_000],
    ['total', { headersMs: false, totalMs: 4_000 }, 4_000],
  ] as const)('on %s, of %o, is a 504 with its code', async (phase, timeouts, ms) => {
    const { response, upstream, summaries } = run([step.never()], timeouts)
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(summaries).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect((await response).status).toBe(504)
    expect(await (await response).json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_TIMEOUT' } })
    expect(summaries).toMatchObject([
      { verdict: 'timeout', code: 'SSE_UPSTREAM_TIMEOUT', phase, status: 504 },
    ])
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('may be longer than a timer can be', async () => {
    // Node turns such a delay into one of 1 ms.
    const timeouts = { headersMs: 2 ** 31 + 10, totalMs: 2 ** 31 + 20 }
    const { response } = run([step.wait(60_000), step.send({ data: '1' })], timeouts)
    await vi.advanceTimersByTimeAsync(60_000)
    expect((await response).status).toBe(200)
    await (await response).text()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('applies to a fetch that ignores its signal', async () => {
    const { response } = run([], { headersMs: 1_000 }, { fetch: () => new Promise(() => {}) })
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await response).status).toBe(504)
  })

  it('of false is none', async () => {
    const { response, summaries } = run([step.wait(10_000_000), step.send({ data: '1' })], {
      headersMs: false,
      firstEventMs: false,
      idleMs: false,
      totalMs: false,
      clientStallMs: false,
    })
    await vi.advanceTimersByTimeAsync(10_000_000)
    expect(await (await response).text()).toBe('data: 1\n\n')
    expect(summaries).toMatchObject([{ verdict: 'complete' }])
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['first_event', [step.status(200), step.hang()], { firstEventMs: 5_000 }, 5_000],
    [
      'first_event',
      [step.comment('hi'), step.raw('data: ha'), step.hang()],
      { firstEventMs: 5_000 },
      5_000,
    ],
    ['idle', [step.send({ data: '1' }), step.hang()], { idleMs: 5_000 }, 5_000],
    [
      'idle',
      [step.send({ data: '1' }), step.wait(4_000), step.comment('ping'), step.hang()],
      { idleMs: 5_000, idleCounts: 'events' as const },
      5_000,
    ],
    [
      'idle',
      [step.send({ data: '1' }), step.wait(4_000), step.raw('data: ha'), step.hang()],
      { idleMs: 5_000 },
      9_000,
    ],
    ['total', [step.send({ data: '1' }), step.hang()], { totalMs: 5_000 }, 5_000],
  ] as const)('on %s breaks the stream', async (phase, script, timeouts, ms) => {
    const { response, upstream, summaries } = run(script, timeouts)
    const text = (await response).text().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(ms - 1)
    expect(summaries).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await text).toMatchObject({ code: 'SSE_UPSTREAM_TIMEOUT', phase })
    expect(summaries).toMatchObject([{ verdict: 'timeout', phase, status: 200 }])
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('on an idle upstream is not put off by our own heartbeats', async () => {
    const { response, summaries } = run(
      [step.send({ data: '1' }), step.hang()],
      { idleMs: 5_000 },
      { heartbeat: { intervalMs: 1_000 } },
    )
    const reader = ((await response).body as ReadableStream<Uint8Array>).getReader()
    const reading = (async () => {
      for (;;) if ((await reader.read()).done) return
    })().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await reading).toMatchObject({ phase: 'idle' })
    expect(summaries[0]?.heartbeats).toBeGreaterThanOrEqual(4)
  })

  it('on the first event of another answer waits for its first byte', async () => {
    const { response, summaries } = run(
      [step.status(200, { 'content-type': 'application/json' }), step.raw('{'), step.hang()],
      { firstEventMs: 1_000, idleMs: 5_000 },
    )
    const text = (await response).text().catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(await text).toMatchObject({ phase: 'idle' })
    expect(summaries).toMatchObject([{ verdict: 'timeout', isSse: false }])
  })

  it('on a client that takes nothing lets go of the upstream', async () => {
    const { response, upstream, summaries } = run(
      function* () {
        for (;;) yield step.raw(`data: ${'x'.repeat(1_000)}\n\n`)
      },
      { clientStallMs: 5_000, idleMs: 1_000 },
    )
    await response
    await vi.advanceTimersByTimeAsync(4_000)
    expect(summaries).toEqual([])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(summaries).toMatchObject([{ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' }])
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    await expect((await response).text()).rejects.toMatchObject({ code: 'SSE_CLIENT_STALLED' })
    expect(summaries).toHaveLength(1)
  })

  it('of one upstream stands for that of the proxy, where it is given', async () => {
    const upstream = fakeUpstream([step.never()])
    const ended: StreamSummary[] = []
    const response = proxyFetch(
      new Request('http://client.test/'),
      { url: 'http://up.test', fetch: upstream.fetch, timeouts: { headersMs: undefined } },
      { timeouts: { headersMs: 2_000 }, onEnd: (summary) => ended.push(summary) },
    )
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await response).status).toBe(504)
    const other = proxyFetch(
      new Request('http://client.test/'),
      { url: 'http://up.test', fetch: upstream.fetch, timeouts: { headersMs: 500 } },
      { timeouts: { headersMs: 2_000 } },
    )
    await vi.advanceTimersByTimeAsync(500)
    expect((await other).status).toBe(504)
  })
})

describe('a limit, over sockets', () => {
  it('on the headers is a 504, and the upstream socket closes', async () => {
    // Long enough for the request to arrive first, also on a busy machine.
    const { url, upstream, ended } = await openProxy([step.never()], {
      timeouts: { headersMs: 1_000 },
    })
    const response = await fetch(url, { method: 'POST', body: 'prompt' })
    expect(response.status).toBe(504)
    const request = await upstream.request()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'headers' })
    await response.text()
  })

  it('on an idle upstream breaks the connection to the client', async () => {
    const { url, upstream, ended } = await openProxy([step.send({ data: '1' }), step.hang()], {
      timeouts: { idleMs: 50 },
    })
    const client = slowClient(url)
    expect(await within('end of the response', client.verdict)).toBe('error')
    expect(client.text).toBe('data: 1\n\n')
    await requestClosed(upstream.requests[0])
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'idle' })
  })

  it('on a connection is a 504 with the phase connect', async () => {
    // Takes the connection and never shakes hands.
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const summaries: StreamSummary[] = []
    const proxy = sseProxy(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
      timeouts: { connectMs: 50 },
      onEnd: (summary) => summaries.push(summary),
    })
    const response = await proxy(new Request('http://client.test/'))
    expect(response.status).toBe(504)
    expect(summaries).toMatchObject([{ verdict: 'timeout', phase: 'connect' }])
    await proxy.close()
    server.close()
  })
})
