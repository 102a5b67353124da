import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { requestClosed } from '../support/http/request-closed.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const EVENT = 'data: 1\n\n'
const served = [step.raw(EVENT)]

describe('a breaker', () => {
  it('is off by default', async () => {
    const { send, asked } = await severalUpstreams([[step.reset()]])
    for (let request = 0; request < 10; request++) await send()
    expect(asked()).toEqual([10])
  })

  it('counts streams of nothing but pings as failed where only events count', async () => {
    const pings = [
      step.send({ event: 'ping', data: '{}' }),
      step.send({ event: 'ping', data: '{}' }),
    ]
    const { send, asked } = await severalUpstreams([pings], {
      breaker: { failures: 2 },
      timeouts: { idleCounts: 'events' },
    })
    for (let request = 0; request < 2; request++) {
      await (await send()).text().catch(() => {})
      await settled()
    }
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([2])
  })

  it.each<[string, UpstreamScript]>([
    ['resets', [step.reset()]],
    ['500s', [step.json(500, {})]],
    ['503s with a stream that hangs', [step.status(503), step.raw('x'), step.hang()]],
    ['streams that are cut before their first event', [step.comment('hi'), step.cut()]],
    ['streams that end before their first event', [step.comment('hi')]],
    ['first events that are cut', [step.raw('data: ha'), step.cut()]],
  ])('opens after so many %s, and refuses at once with 503', async (_, steps) => {
    const { send, asked, summaries } = await severalUpstreams([steps], {
      breaker: { failures: 3, cooldownMs: 5_500 },
    })
    for (let request = 0; request < 3; request++) {
      const response = await send()
      expect(response.headers.get('retry-after')).toBeNull()
      if (response.status === 200) await response.text().catch(() => {})
      else await response.body?.cancel()
      await settled()
    }
    const response = await send()
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('6')
    expect(await response.json()).toEqual({
      error: {
        message: 'The upstream has failed repeatedly',
        type: 'upstream_error',
        code: 'SSE_CIRCUIT_OPEN',
      },
    })
    expect(asked()).toEqual([3])
    expect(summaries[3]).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_CIRCUIT_OPEN',
      status: 503,
      attempts: 0,
    })
  })

  it.each<[string, UpstreamScript]>([
    ['4xx answers', [step.json(429, {})]],
    ['empty answers', [step.status(204)]],
    ['answers that are no stream', [step.json(200, {})]],
    ['streams that end well', served],
    ['streams that break after their first event', [step.raw(EVENT), step.cut()]],
  ])('does not open for %s', async (_, steps) => {
    const { send, asked } = await severalUpstreams([steps], { breaker: { failures: 1 } })
    for (let request = 0; request < 4; request++) {
      const response = await send()
      await response.text().catch(() => {})
      await settled()
    }
    expect(asked()).toEqual([4])
  })

  it.each([false, true])(
    'does not count what was passed over with a 4xx (several upstreams: %s)',
    async (isSeveral) => {
      const { send, asked } = await severalUpstreams([[step.json(429, {})], served], {
        to: (urls) => (isSeveral ? urls : (urls[0] as string)),
        breaker: { failures: 1 },
      })
      for (let request = 0; request < 3; request++) await (await send()).text()
      expect(asked()).toEqual([3, isSeveral ? 3 : 0])
    },
  )

  it('counts the configured statuses', async () => {
    const { send, asked } = await severalUpstreams([[step.json(429, {})]], {
      breaker: { failures: 1, on: [429] },
    })
    await (await send()).text()
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([1])
  })

  it.each([
    ['before the headers', [step.never()]],
    ['before the first event', [step.comment('hi'), step.hang()]],
  ])('does not count clients that leave %s', async (_, steps) => {
    const { send, upstreams, asked } = await severalUpstreams([steps], { breaker: { failures: 1 } })
    for (let index = 0; index < 3; index++) {
      const client = new AbortController()
      const answer = send({ signal: client.signal })
      const request = await upstreams[0]?.request(index)
      if (steps.length > 1) await (await answer).body?.getReader().read()
      client.abort()
      await answer
      await requestClosed(request)
      await settled()
    }
    expect(asked()).toEqual([3])
  })

  it.each([undefined, new DOMException('gone', 'AbortError'), 'whatever'])(
    'does not count hosts that cancel the body with %s',
    async (reason) => {
      const { send, asked } = await severalUpstreams([[step.comment('hi'), step.hang()]], {
        breaker: { failures: 1 },
      })
      for (let request = 0; request < 3; request++) {
        await (await send()).body?.cancel(reason)
        await settled()
      }
      expect(asked()).toEqual([3])
    },
  )

  it('does not count requests that cannot be passed on, nor a transform that throws', async () => {
    const { send, asked } = await severalUpstreams([served], {
      breaker: { failures: 1 },
      transform: () => {
        throw new Error('of the application')
      },
    })
    for (let request = 0; request < 3; request++) {
      expect((await send({ path: '/%2e%2e%2fadmin' })).status).toBe(400)
      await expect((await send()).text()).rejects.toThrow()
      await settled()
    }
    expect(asked()).toEqual([3])
  })

  it('is one for each origin', async () => {
    const { send, asked, summaries } = await severalUpstreams([[step.reset()], served], {
      breaker: { failures: 2 },
    })
    for (let request = 0; request < 5; request++) {
      expect(await (await send()).text()).toBe(EVENT)
    }
    expect(asked()).toEqual([2, 5])
    expect(summaries.map(({ attempts }) => attempts)).toEqual([2, 2, 1, 1, 1])
    expect(summaries.every(({ upstream }) => upstream === 1)).toBe(true)
  })

  it('is the same one for two paths of an origin', async () => {
    const { send, asked } = await severalUpstreams([[step.reset()]], {
      to: ([a]) => [`${a}/one`, `${a}/two`],
      breaker: { failures: 2 },
    })
    await send()
    expect((await send()).status).toBe(503)
    expect(asked()).toEqual([2])
  })

  it('lets an answer that there was before through, rather than say that it refused', async () => {
    const { send, summaries } = await severalUpstreams(
      [[step.reset()], [step.json(503, { b: 1 })]],
      {
        breaker: { failures: 1 },
        to: ([a, b]) => [b as string, a as string],
        retry: { attempts: 2, baseMs: 0 },
      },
    )
    const response = await send()
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ b: 1 })
    expect(summaries[0]).toMatchObject({ upstream: 0, attempts: 2, upstreamStatus: 503 })
  })

  it('states when the first of several accepts requests again', async () => {
    const { send } = await severalUpstreams([[step.reset()], [step.reset()]], {
      breaker: { failures: 1, cooldownMs: 10_000 },
    })
    await send()
    const response = await send()
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('10')
  })

  it('reports the failure of the upstream that got a request', async () => {
    const { send, asked, summaries } = await severalUpstreams([[step.never()], [step.reset()]], {
      breaker: { failures: 2 },
      timeouts: { headersMs: 500 },
      to: ([a, b]) => [a as string, `${b}/1`, `${b}/2`],
    })
    expect((await send()).status).toBe(502)
    // The breaker of the second origin is open now, that of the first is not.
    const response = await send()
    expect(response.status).toBe(504)
    expect(asked()).toEqual([2, 2])
    expect(summaries[1]).toMatchObject({ verdict: 'timeout', upstream: 0, attempts: 1 })
  })

  it('does not delay another attempt when every circuit is open', async () => {
    const { send, asked } = await severalUpstreams([[step.reset()]], {
      breaker: { failures: 1, cooldownMs: 60_000 },
      retry: { attempts: 3, baseMs: 60_000, maxMs: 60_000 },
    })
    const client = new AbortController()
    const first = send({ signal: client.signal })
    await expect.poll(() => asked()).toEqual([1])
    expect((await send()).status).toBe(503)
    client.abort()
    await first
  })
})

describe('a breaker whose wait is over', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const open = async (script: UpstreamScript) => {
    const upstream = fakeUpstream(script)
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      breaker: { failures: 1, cooldownMs: 1_000 },
      heartbeat: false,
    })
    const send = () => proxy(new Request('http://proxy.test/'))
    expect((await send()).status).toBe(500)
    await settled()
    expect((await send()).status).toBe(503)
    vi.advanceTimersByTime(1_000)
    return { upstream, send }
  }
  const first500 =
    (...then: UpstreamScript[]): UpstreamScript =>
    (request) => {
      const script = request.index === 0 ? [step.json(500, {})] : then[request.index - 1]
      return typeof script === 'function' ? script(request) : (script ?? served)
    }

  it('states when any of several accepts requests again, not when all do', async () => {
    const answers = [500, 500]
    const upstreams = answers.map((status) => fakeUpstream([step.json(status, {})]))
    const proxy = sseProxy(
      upstreams.map(({ fetch }, index) => ({ url: `http://up${index}.test`, fetch })),
      { breaker: { failures: 1, cooldownMs: 10_000 }, fallbackOn: [] },
    )
    const send = () => proxy(new Request('http://proxy.test/'))
    // The first one fails and is passed on; 4 s later it is the turn of the second one.
    await (await send()).text()
    await settled()
    await vi.advanceTimersByTimeAsync(4_000)
    await (await send()).text()
    await settled()
    await vi.advanceTimersByTimeAsync(1_000)
    const response = await send()
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
  })

  it('lets exactly one stream through, and all from its first event on', async () => {
    const { upstream, send } = await open(first500([step.wait(50), step.raw(EVENT), step.hang()]))
    const probe = send()
    await settled()
    expect(upstream.requests).toHaveLength(2)
    expect((await send()).status).toBe(503)
    expect((await send()).status).toBe(503)
    await vi.advanceTimersByTimeAsync(50)
    const reader = (await probe).body?.getReader()
    await reader?.read()
    await settled()
    expect(await (await send()).text()).toBe(EVENT)
    await reader?.cancel()
    expect(upstream.requests).toHaveLength(3)
  })

  it('stays open for as long again when that stream dies before its first event', async () => {
    const { upstream, send } = await open(first500([step.comment('hi')]))
    await (await send()).text()
    await settled()
    vi.advanceTimersByTime(999)
    expect((await send()).status).toBe(503)
    vi.advanceTimersByTime(1)
    expect(await (await send()).text()).toBe(EVENT)
    expect(upstream.requests).toHaveLength(3)
  })

  it('is closed by an answer that was passed over for another upstream', async () => {
    const busy = fakeUpstream(({ index }) => [step.json(index === 0 ? 500 : 429, {})])
    const other = fakeUpstream(served)
    const proxy = sseProxy(
      [busy, other].map(({ fetch }, index) => ({ url: `http://up${index}.test`, fetch })),
      { breaker: { failures: 1, cooldownMs: 1_000 } },
    )
    const send = async () => (await proxy(new Request('http://proxy.test/'))).text()
    await send()
    vi.advanceTimersByTime(1_000)
    for (let request = 0; request < 3; request++) expect(await send()).toBe(EVENT)
    expect(busy.requests).toHaveLength(4)
  })

  it('lets the next one through when the client of that stream leaves', async () => {
    const { upstream, send } = await open(first500([step.comment('hi'), step.hang()]))
    const reader = (await send()).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await settled()
    expect(await (await send()).text()).toBe(EVENT)
    expect(upstream.requests).toHaveLength(3)
  })
})
