import { proxyFetch, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, gate, step } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { refusingUrl } from '../support/http/closed-port.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()
afterEach(() => {
  vi.useRealTimers()
})

const AT_ONCE = { baseMs: 0 }
const EVENT = 'data: served\n\n'
const BUSY = step.json(503, { error: 'busy' }, { 'retry-after': '0', 'x-id': 'b' })

/** A script that fails so many times, and then serves. */
const failing =
  (times: number, how = BUSY) =>
  ({ index }: { index: number }) =>
    index < times ? [how] : [step.raw(EVENT)]

describe('retry', () => {
  it('is off by default', async () => {
    const { send, asked, summaries } = await severalUpstreams([failing(1)])
    const response = await send()
    expect(response.status).toBe(503)
    expect(response.headers.get('x-id')).toBe('b')
    expect(await response.json()).toEqual({ error: 'busy' })
    expect(asked()).toEqual([1])
    expect(summaries[0]).toMatchObject({ attempts: 1, upstream: 0 })
  })

  it.each([429, 500, 502, 503, 504, 529])('asks again after a status %i', async (status) => {
    const { send, asked, summaries } = await severalUpstreams([failing(1, step.json(status, {}))], {
      retry: AT_ONCE,
    })
    expect(await (await send()).text()).toBe(EVENT)
    expect(asked()).toEqual([2])
    expect(summaries[0]).toMatchObject({
      verdict: 'complete',
      status: 200,
      upstreamStatus: 200,
      attempts: 2,
    })
  })

  it.each([200, 204, 302, 400, 401, 403, 404, 413, 501])(
    'does not ask again after a status %i',
    async (status) => {
      const head = status === 204 ? step.status(204) : step.json(status, {})
      const { send, asked } = await severalUpstreams([failing(1, head)], { retry: AT_ONCE })
      expect((await send()).status).toBe(status)
      expect(asked()).toEqual([1])
    },
  )

  it.each([
    ['a list', [418]],
    ['a function', (status: number) => status === 418],
  ])('asks again after the statuses of %s', async (_, on) => {
    const { send, asked } = await severalUpstreams(
      [({ index }) => [step.json(index === 0 ? 418 : 503, {})]],
      { retry: { ...AT_ONCE, attempts: 5, on } },
    )
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([2])
  })

  it('takes a function of the application that throws for a no, and reports it', async () => {
    const warned = new Promise((resolve) => process.once('warning', resolve))
    const on = () => {
      throw new Error('broken rule')
    }
    const { send, asked } = await severalUpstreams([failing(1)], { retry: { ...AT_ONCE, on } })
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([1])
    expect(await warned).toMatchObject({ cause: { message: 'broken rule' } })
  })

  it.each([
    ['the connection is reset before the headers', [step.reset()]],
    ['the connection is closed before the headers', [step.cut()]],
    ['the stream is cut before its first event', [step.comment('hi'), step.cut()]],
    ['the stream is cut inside its first event', [step.raw('data: ha'), step.cut()]],
    ['the stream ends without an event', [step.status(200), step.end()]],
    ['the stream ends after comments only', [step.comment('a'), step.comment('b'), step.end()]],
    ['an answer that is no stream breaks before its first byte', jsonHead()],
  ])('asks again when %s', async (_, steps) => {
    const { send, asked, summaries } = await severalUpstreams(
      [({ index }) => (index === 0 ? steps : [step.raw(EVENT)])],
      { retry: AT_ONCE },
    )
    const response = await send()
    expect(await response.text()).toBe(EVENT)
    expect(asked()).toEqual([2])
    expect(summaries[0]).toMatchObject({ verdict: 'complete', attempts: 2, events: 1 })
  })

  it('never asks again once an event has gone to the client', async () => {
    const { send, asked, summaries } = await severalUpstreams([[step.raw(EVENT), step.cut()]], {
      retry: { ...AT_ONCE, attempts: 5 },
    })
    const response = await send()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect((await reader.read()).value).toBeDefined()
    await expect(reader.read()).rejects.toBeInstanceOf(Error)
    expect(asked()).toEqual([1])
    expect(summaries[0]).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_NETWORK',
      attempts: 1,
    })
  })

  it('makes the configured number of attempts, and forwards the last response untouched', async () => {
    const { send, asked, summaries } = await severalUpstreams(
      [({ index }) => [step.json(500 + index, { try: index }, { 'x-try': `${index}` })]],
      { retry: { ...AT_ONCE, attempts: 3, on: (status) => status >= 500 } },
    )
    const response = await send()
    expect(response.status).toBe(502)
    expect(response.headers.get('x-try')).toBe('2')
    expect(await response.json()).toEqual({ try: 2 })
    expect(asked()).toEqual([3])
    expect(summaries[0]).toMatchObject({ attempts: 3, status: 502, upstreamStatus: 502 })
  })

  it('passes on an answer rather than an error that came after it', async () => {
    const { send, summaries } = await severalUpstreams(
      [({ index }) => (index === 0 ? [BUSY] : [step.reset()])],
      { retry: { ...AT_ONCE, attempts: 3 } },
    )
    const response = await send()
    expect(response.status).toBe(503)
    expect(response.headers.get('x-id')).toBe('b')
    expect(response.headers.get('content-length')).toBe('16')
    expect(await response.json()).toEqual({ error: 'busy' })
    expect(summaries[0]).toMatchObject({ verdict: 'complete', upstreamStatus: 503, attempts: 3 })
  })

  it('answers with the last error when there was no answer at all', async () => {
    const { send, asked, summaries } = await severalUpstreams([[step.reset()]], {
      retry: { ...AT_ONCE, attempts: 2 },
    })
    const response = await send()
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
    expect(asked()).toEqual([2])
    expect(summaries[0]).toMatchObject({ verdict: 'upstream_error', attempts: 2 })
    expect(summaries[0]).not.toHaveProperty('upstreamStatus')
  })

  it('sends the same request again, with its headers and its body', async () => {
    const { send, upstreams } = await severalUpstreams([failing(1)], {
      retry: AT_ONCE,
      headers: { authorization: 'Bearer own' },
    })
    await (await send({ path: '/v1/x?y=1', body: 'prompt', headers: { 'x-a': '1' } })).text()
    const [first, second] = upstreams[0]?.requests ?? []
    expect(second?.url).toBe('/v1/x?y=1')
    expect(await second?.text()).toBe('prompt')
    expect([...(second?.headers ?? [])]).toEqual([...(first?.headers ?? [])])
  })

  it('does not need a second connection when there is only one', async () => {
    const { send, asked, upstreams } = await severalUpstreams([failing(2)], {
      retry: { ...AT_ONCE, attempts: 3 },
      pool: { connections: 1 },
      timeouts: { headersMs: 5_000 },
    })
    expect(await (await send()).text()).toBe(EVENT)
    expect(asked()).toEqual([3])
    expect(upstreams[0]?.connections).toBe(1)
  })

  it.each([
    ['long', [step.status(503), step.raw('x'.repeat(70_000)), step.hang()]],
    ['slow', [step.status(503), step.raw('x'), step.hang()]],
  ])('keeps no answer that is %s: its socket closes', async (_, steps) => {
    const { send, asked, upstreams } = await severalUpstreams(
      [({ index }) => (index === 0 ? steps : [step.reset()])],
      { retry: AT_ONCE },
    )
    const response = await send()
    expect(response.status).toBe(502)
    expect(asked()).toEqual([2])
    await requestClosed(upstreams[0]?.requests[0])
    expect(upstreams[0]?.requests[0]?.aborted).toBe(true)
  })

  it('ends when the client leaves while a failed response is buffered', async () => {
    const hung = [step.status(503), step.raw('x'), step.hang()]
    const { send, asked, summaries } = await severalUpstreams(
      [({ index }) => (index === 0 ? hung : [step.reset()])],
      { retry: AT_ONCE },
    )
    const client = new AbortController()
    const answer = send({ signal: client.signal })
    await expect.poll(() => asked()).toEqual([2])
    client.abort()
    await answer
    await expect.poll(() => summaries).toMatchObject([{ verdict: 'client_gone' }])
  })

  it('leaves no socket behind of an answer that was not good enough', async () => {
    const { send, upstreams } = await severalUpstreams(
      [({ index }) => (index < 3 ? [step.status(503), step.hang()] : [step.raw(EVENT)])],
      // undici opens a spare connection in the place of one that was broken off; idle, it goes like any other.
      { retry: { ...AT_ONCE, attempts: 4 }, pool: { keepAliveMs: 20 } },
    )
    expect(await (await send()).text()).toBe(EVENT)
    for (const request of upstreams[0]?.requests.slice(0, 3) ?? []) await requestClosed(request)
    await expect.poll(() => upstreams[0]?.connections, { timeout: 5_000 }).toBe(0)
  })
})

describe('the wait for another try', () => {
  it.each([
    ['seconds', '2', 2_000],
    ['a date', 'Sat, 01 Aug 2026 12:00:03 GMT', 3_000],
    ['more than the limit', '3600', 5_000],
  ])('is what Retry-After says, in %s', async (_, value, waitMs) => {
    vi.useFakeTimers({
      now: Date.UTC(2026, 7, 1, 12),
      toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'],
    })
    const upstream = fakeUpstream(failing(1, step.json(429, {}, { 'retry-after': value })))
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      retry: { maxMs: 5_000, jitter: 1 },
    })
    const answer = proxy(new Request('http://proxy.test/'))
    await settled()
    expect(upstream.requests).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(waitMs - 1)
    await settled()
    expect(upstream.requests).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect((await answer).status).toBe(200)
    await (await answer).text()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('doubles from try to try where the upstream says nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream([step.json(500, {})])
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      retry: { attempts: 4, baseMs: 100, jitter: 0 },
    })
    const answer = proxy(new Request('http://proxy.test/'))
    for (const [tries, waitMs] of [100, 200, 400].entries()) {
      await settled()
      expect(upstream.requests).toHaveLength(tries + 1)
      await vi.advanceTimersByTimeAsync(waitMs - 1)
      expect(upstream.requests).toHaveLength(tries + 1)
      await vi.advanceTimersByTimeAsync(1)
    }
    expect((await answer).status).toBe(500)
    expect(upstream.requests).toHaveLength(4)
  })

  it('ends at once when the client leaves', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream(failing(1, step.json(429, {}, { 'retry-after': '5' })))
    const onEnd = vi.fn()
    const client = new AbortController()
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, retry: {}, onEnd })
    const answer = proxy(new Request('http://proxy.test/', { signal: client.signal }))
    await settled()
    client.abort()
    expect((await answer).status).toBe(499)
    expect(vi.getTimerCount()).toBe(0)
    expect(upstream.requests).toHaveLength(1)
    expect(onEnd).toHaveBeenCalledTimes(1)
    expect(onEnd.mock.calls[0]?.[0]).toMatchObject({ verdict: 'client_gone', attempts: 1 })
  })

  it('ends at once when the proxy closes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream(failing(1))
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      retry: { baseMs: 5_000 },
    })
    upstream.request().then(settled)
    const answer = proxy(new Request('http://proxy.test/'))
    await settled()
    await proxy.close({ drainMs: 0 })
    expect((await answer).status).toBe(503)
    expect(await (await answer).json()).toMatchObject({ error: { code: 'SSE_DRAINING' } })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is not begun when totalMs would be over before its end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream(failing(1, step.json(429, { error: 'slow down' })))
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      retry: { baseMs: 5_000, jitter: 0 },
      timeouts: { totalMs: 4_000 },
    })
    const response = await proxy(new Request('http://proxy.test/'))
    expect(response.status).toBe(429)
    expect(await response.json()).toEqual({ error: 'slow down' })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('totalMs', () => {
  it('covers all tries together', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream([step.never()])
    const onEnd = vi.fn()
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      retry: { attempts: 10, baseMs: 0 },
      timeouts: { headersMs: 400, totalMs: 1_000 },
      onEnd,
    })
    const answer = proxy(new Request('http://proxy.test/'))
    for (let ms = 0; ms < 1_000; ms += 100) await vi.advanceTimersByTimeAsync(100)
    expect((await answer).status).toBe(504)
    expect(upstream.requests).toHaveLength(3)
    expect(onEnd.mock.calls[0]?.[0]).toMatchObject({
      verdict: 'timeout',
      phase: 'total',
      attempts: 3,
    })
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('proxyFetch', () => {
  it('asks again and falls back like a proxy', async () => {
    const upstream = fakeUpstream(failing(1))
    const url = await upstream.listen()
    const request = new Request('http://proxy.test/', { method: 'POST', body: 'x' })
    const response = await proxyFetch(request, [await refusingUrl(), url], { retry: AT_ONCE })
    expect(await response.text()).toBe(EVENT)
    expect(await upstream.requests[1]?.text()).toBe('x')
    await upstream.close()
  })
})

function jsonHead() {
  const seen = gate()
  seen.open()
  return [
    step.status(200, { 'content-type': 'application/json' }),
    step.until(seen.opened),
    step.cut(),
  ]
}
