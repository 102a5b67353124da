import { sseProxy, type Upstream } from 'sse-stream-kit'
import {
  chunkings,
  collect,
  fakeUpstream,
  gate,
  step,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { refusingUrl } from '../support/http/closed-port.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'
import { refusal } from '../support/refusal.ts'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()
afterEach(() => {
  vi.useRealTimers()
})

const SSE = { 'content-type': 'text/event-stream' }
const refused = await refusingUrl()

const served = (by: string) => [step.send({ data: by })]
const textOf = (by: string) => `data: ${by}\n\n`

describe('several upstreams', () => {
  it('are tried in order, and the first successful response is used', async () => {
    const { send, asked, summaries } = await severalUpstreams([served('a'), served('b')])
    expect(await (await send()).text()).toBe(textOf('a'))
    expect(asked()).toEqual([1, 0])
    expect(summaries[0]).toMatchObject({ upstream: 0, attempts: 1 })
  })

  it.each<[string, UpstreamScript]>([
    ['resets the connection', [step.reset()]],
    ['closes the connection', [step.cut()]],
    ['answers 429', [step.json(429, {})]],
    ['answers 500', [step.json(500, {})]],
    ['answers 503 with an endless body', [step.status(503), step.raw('x'), step.hang()]],
    ['answers 529 with an event stream', [step.status(529, SSE), step.send({ data: 'no' })]],
    ['cuts the stream before its first event', [step.comment('hi'), step.cut()]],
    ['cuts the stream inside its first event', [step.raw('data: ha\n'), step.cut()]],
    ['ends the stream inside its first event', [step.raw('data: ha\n')]],
    ['ends the stream cleanly without an event', [step.status(200)]],
    ['sends comments, a retry and an id, and ends', [step.raw(': a\n\nretry: 1\n\nid: 1\n\n')]],
  ])('fall through when one %s, and the summary names the one that served', async (_, steps) => {
    const { send, asked, summaries } = await severalUpstreams([steps, steps, served('c')])
    expect(await (await send()).text()).toBe(textOf('c'))
    expect(asked()).toEqual([1, 1, 1])
    expect(summaries[0]).toMatchObject({
      verdict: 'complete',
      status: 200,
      upstreamStatus: 200,
      upstream: 2,
      attempts: 3,
      events: 1,
      bytesIn: 9,
    })
  })

  it('fall through when one cannot be connected to', async () => {
    const { send, summaries } = await severalUpstreams([served('b')], {
      to: (urls) => [refused, ...urls],
    })
    expect(await (await send()).text()).toBe(textOf('b'))
    expect(summaries[0]).toMatchObject({ upstream: 1, attempts: 2 })
  })

  it.each([
    ['headersMs', [step.never()]],
    ['firstEventMs', [step.hang()]],
    ['firstEventMs', [step.comment('alive'), step.comment('still'), step.hang()]],
    ['firstEventMs', [step.raw('data: half'), step.hang()]],
  ])('fall through when one is over its %s, and its socket closes', async (name, steps) => {
    const { send, upstreams, summaries } = await severalUpstreams([steps, served('b')], {
      to: ([a, b]) => [{ url: a as string, timeouts: { [name]: 30 } }, b as string],
    })
    expect(await (await send()).text()).toBe(textOf('b'))
    expect(summaries[0]).toMatchObject({ verdict: 'complete', upstream: 1, attempts: 2 })
    await requestClosed(upstreams[0]?.requests[0])
    expect(upstreams[0]?.requests[0]?.aborted).toBe(true)
  })

  it.each([400, 401, 404, 422, 501])('do not fall through a status %i', async (status) => {
    const { send, asked } = await severalUpstreams([
      [step.json(status, { error: 'yours' })],
      served('b'),
    ])
    const response = await send()
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: 'yours' })
    expect(asked()).toEqual([1, 0])
  })

  it.each([
    ['a list', [404]],
    ['a function', (status: number) => status === 404],
  ])('fall through the statuses of %s, and no others', async (_, fallbackOn) => {
    const statuses = [404, 503]
    const { send, asked } = await severalUpstreams(
      [({ index }) => [step.json(statuses[index] ?? 200, {})], served('b')],
      { fallbackOn },
    )
    expect(await (await send()).text()).toBe(textOf('b'))
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([2, 1])
  })

  it('have headers and limits of their own', async () => {
    const { send, upstreams } = await severalUpstreams([[step.json(503, {})], served('b')], {
      headers: { authorization: 'Bearer general', 'x-app': '1' },
      to: ([a, b]) => [
        { url: `${a}/base?key=a`, headers: { authorization: 'Bearer a', 'x-only-a': '1' } },
        b as string,
      ],
    })
    await (await send({ path: '/v1?q=1' })).text()
    const [a, b] = upstreams.map(({ requests }) => requests[0])
    expect(a?.url).toBe('/base/v1?key=a&q=1')
    expect(a?.headers.get('authorization')).toBe('Bearer a')
    expect(a?.headers.get('x-only-a')).toBe('1')
    expect(b?.url).toBe('/v1?q=1')
    expect(b?.headers.get('authorization')).toBe('Bearer general')
    expect(b?.headers.get('x-app')).toBe('1')
    expect(b?.headers.has('x-only-a')).toBe(false)
  })

  it('have a fetch of their own', async () => {
    const other = fakeUpstream(served('other'))
    const { send } = await severalUpstreams([[step.json(503, {})]], {
      to: ([a]) => [a as string, { url: 'http://other.test', fetch: other.fetch }],
    })
    expect(await (await send()).text()).toBe(textOf('other'))
    expect(other.requests[0]?.headers.get('host')).toBe('other.test')
  })

  it('pass the last bad answer on untouched, and name its upstream', async () => {
    const { send, summaries } = await severalUpstreams([
      [step.json(503, { by: 'a' })],
      [step.json(429, { by: 'b' }, { 'retry-after': '7', 'x-request-id': 'r' })],
    ])
    const response = await send()
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.get('x-request-id')).toBe('r')
    expect(await response.json()).toEqual({ by: 'b' })
    expect(summaries[0]).toMatchObject({ upstream: 1, attempts: 2, upstreamStatus: 429 })
  })

  it('pass on the answer of an earlier one when the later ones give none', async () => {
    const { send, summaries } = await severalUpstreams([
      [step.json(429, { by: 'a' }, { 'retry-after': '7' })],
      [step.status(200), step.cut()],
      [step.reset()],
    ])
    const response = await send()
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toEqual({ by: 'a' })
    expect(summaries[0]).toMatchObject({
      verdict: 'complete',
      upstream: 0,
      attempts: 3,
      upstreamStatus: 429,
      headersMs: expect.any(Number),
    })
  })

  it('answer with the last error when there was no answer', async () => {
    const { send, summaries } = await severalUpstreams([[step.reset()], [step.never()]], {
      timeouts: { headersMs: 40 },
    })
    const response = await send()
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_TIMEOUT' } })
    expect(summaries[0]).toMatchObject({ verdict: 'timeout', phase: 'headers', upstream: 1 })
  })

  it('have no status to show where the last one gave none', async () => {
    const { send, summaries } = await severalUpstreams([
      [step.status(200), step.cut()],
      [step.reset()],
    ])
    expect((await send()).status).toBe(502)
    expect(summaries[0]).toMatchObject({ upstream: 1, attempts: 2 })
    expect(summaries[0]).not.toHaveProperty('upstreamStatus')
    expect(summaries[0]).not.toHaveProperty('headersMs')
  })

  it('are cancelled at once when a later response is used', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream(({ index }) =>
      index < 2 ? [step.status(503), step.raw('x'), step.hang()] : served('c'),
    )
    const proxy = sseProxy(['http://a.test', 'http://b.test', 'http://c.test'], {
      fetch: upstream.fetch,
    })
    expect(await (await proxy(new Request('http://proxy.test/'))).text()).toBe(textOf('c'))
    await settled()
    expect(upstream.requests.map(({ aborted }) => aborted)).toEqual([true, true, false])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are all tried again, in order, with retry', async () => {
    const order: string[] = []
    const failing =
      (name: string, times: number): UpstreamScript =>
      ({ index }) => {
        order.push(name)
        return index < times ? [step.json(503, {})] : served(name)
      }
    const { send, summaries } = await severalUpstreams([failing('a', 9), failing('b', 2)], {
      retry: { attempts: 3, baseMs: 0 },
    })
    expect(await (await send()).text()).toBe(textOf('b'))
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    expect(summaries[0]).toMatchObject({ upstream: 1, attempts: 6 })
  })

  it('get no more requests when the client leaves, and no socket stays open', async () => {
    const { send, asked, upstreams, summaries } = await severalUpstreams([
      [step.comment('hi'), step.hang()],
      served('b'),
    ])
    const client = new AbortController()
    const answer = send({ signal: client.signal })
    const request = await upstreams[0]?.request()
    client.abort()
    expect((await answer).status).toBe(499)
    await requestClosed(request)
    expect(asked()).toEqual([1, 0])
    expect(summaries[0]).toMatchObject({ verdict: 'client_gone', status: 499, attempts: 1 })
  })

  it('get no request that cannot be forwarded', async () => {
    const { send, asked } = await severalUpstreams([served('a'), served('b')])
    expect((await send({ path: '/%2e%2e%2fadmin' })).status).toBe(400)
    expect(asked()).toEqual([0, 0])
  })

  it('refuse an empty list', () => {
    expect(() => sseProxy([] as Upstream[])).toThrow(refusal(TypeError, 'upstreams'))
  })
})

describe('an answer that was waited for', () => {
  it('sends its headers with the first event', async () => {
    const mayGo = gate()
    const { send } = await severalUpstreams([
      [step.comment('hi'), step.until(mayGo.opened), step.send({ data: '1' })],
      served('b'),
    ])
    let hasHeaders = false
    const answer = send().then((response) => {
      hasHeaders = true
      return response
    })
    await settled()
    expect(hasHeaders).toBe(false)
    mayGo.open()
    expect(await (await answer).text()).toBe(': hi\n\ndata: 1\n\n')
  })

  it.each([
    ['a byte order mark', '\ufeffdata: 1\n\ndata: 2\n\n'],
    ['CRLF', 'data: 1\r\n\r\ndata: 2\r\n\r\n'],
    ['CR', 'data: 1\r\rdata: 2\r\r'],
    ['comments first', ': a\n\n: b\n\nid: 5\n\nevent: x\ndata: grüße 😀\n\ndata: 2\n\n: c\n\n'],
    ['an unfinished end', 'data: 1\n\ndata: 2\n'],
  ])('comes byte for byte with %s, however it is cut', async (_, text) => {
    const whole = bytes(text)
    for (const { name, chunks } of chunkings(whole, { random: 5 })) {
      const upstream = fakeUpstream(chunks.map((chunk) => step.raw(chunk)))
      const proxy = sseProxy(['http://a.test', 'http://b.test'], {
        fetch: upstream.fetch,
        truncation: 'pass',
      })
      const { raw } = await collect(await proxy(new Request('http://proxy.test/')))
      expect(Buffer.compare(raw, whole), name).toBe(0)
      expect(upstream.requests).toHaveLength(1)
    }
  })

  it('goes through the transform like any other', async () => {
    const { send } = await severalUpstreams(
      [[step.raw(': hi\n\ndata: 1\n\nda'), step.raw('ta: 2\n\n')], served('b')],
      { transform: (event) => (event.data === '1' ? { data: 'one' } : event) },
    )
    expect(await (await send()).text()).toBe(': hi\n\ndata: one\n\ndata: 2\n\n')
  })

  it('has no heartbeat before its first event, and has them after', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream([step.wait(60_000), step.send({ data: '1' }), step.hang()])
    const proxy = sseProxy(['http://a.test', 'http://b.test'], {
      fetch: upstream.fetch,
      heartbeat: { intervalMs: 1_000, frame: ':\n\n' },
    })
    const client = new AbortController()
    const answer = proxy(new Request('http://proxy.test/', { signal: client.signal }))
    await settled()
    await vi.advanceTimersByTimeAsync(60_000)
    const reader = ((await answer).body as ReadableStream<Uint8Array>).getReader()
    expect((await reader.read()).value).toEqual(bytes('data: 1\n\n'))
    const next = reader.read()
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await next).value).toEqual(bytes(':\n\n'))
    client.abort()
    await reader.cancel().catch(() => {})
    await settled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has the wait for its first event in its times', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const upstream = fakeUpstream([
      step.wait(1_000),
      step.status(200),
      step.wait(9_000),
      step.send({ data: '1' }),
    ])
    const onEnd = vi.fn()
    const proxy = sseProxy(['http://a.test', 'http://b.test'], { fetch: upstream.fetch, onEnd })
    const answer = proxy(new Request('http://proxy.test/'))
    await settled()
    await vi.advanceTimersByTimeAsync(10_000)
    await (await answer).text()
    const summary = onEnd.mock.calls[0]?.[0]
    expect(summary.headersMs).toBe(1_000)
    expect(summary.firstItemMs).toBe(10_000)
    expect(summary.firstEventMs).toBe(10_000)
  })

  it('is let through without an event when it is larger than an event may be', async () => {
    const { send, asked, summaries } = await severalUpstreams(
      [[step.raw(`data: ${'x'.repeat(2_000)}`), step.hang()], served('b')],
      { maxEventBytes: 1_000 },
    )
    const response = await send()
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toMatchObject({ code: 'SSE_LIMIT' })
    expect(asked()).toEqual([1, 0])
    expect(summaries[0]).toMatchObject({ verdict: 'too_large' })
  })

  it('may be no event stream: then its first byte is what is waited for', async () => {
    const json = { 'content-type': 'application/json' }
    const { send, asked, summaries } = await severalUpstreams([
      [step.status(200, json), step.cut()],
      [step.status(200, json), step.raw('{"a"'), step.raw(':1}')],
    ])
    expect(await (await send()).json()).toEqual({ a: 1 })
    expect(asked()).toEqual([1, 1])
    expect(summaries[0]).toMatchObject({ verdict: 'complete', isSse: false, upstream: 1 })
  })

  it('may be empty, and to HEAD is', async () => {
    const json = { 'content-type': 'application/json', 'content-length': '0' }
    const { send, asked } = await severalUpstreams([[step.status(200, json)], served('b')])
    const response = await send()
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    const head = await send({ method: 'HEAD', body: null })
    expect(head.status).toBe(200)
    expect(asked()).toEqual([2, 0])
  })

  it('is left also by a fetch that does not mind its signal', async () => {
    const deaf = (async () =>
      new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), {
        headers: SSE,
      })) as typeof fetch
    const { send, summaries } = await severalUpstreams([served('b')], {
      to: ([b]) => [
        { url: 'http://deaf.test', fetch: deaf, timeouts: { firstEventMs: 20 } },
        b as string,
      ],
    })
    expect(await (await send()).text()).toBe(textOf('b'))
    expect(summaries[0]).toMatchObject({ upstream: 1 })
  })
})
