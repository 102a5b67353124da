import { once } from 'node:events'
import { type ProxyOptions, proxyFetch, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, gate, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'

const request = (): Request => new Request('http://client.test/v1')

describe('sseProxy', () => {
  it('makes a handler of exactly one parameter', () => {
    expect(sseProxy('http://up.test')).toHaveLength(1)
  })

  it('ignores what hosts pass beside the request', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy: (...args: unknown[]) => Promise<Response> = sseProxy('http://up.test', {
      fetch: upstream.fetch,
    }) as never
    const response = await proxy(request(), { env: 1 }, { waitUntil: () => {} })
    expect(await response.text()).toBe('data: 1\n\n')
  })

  it('answers with a Response of the runtime', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const response = await sseProxy('http://up.test', { fetch: upstream.fetch })(request())
    expect(response).toBeInstanceOf(Response)
    await response.text()
  })

  it('opens nothing before its first request', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy(await upstream.listen())
    expect(upstream.connections).toBe(0)
    await proxy.close()
    await upstream.close()
  })

  it('keeps a connection for the next request', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })])
    for (let turn = 0; turn < 5; turn++) await (await fetch(url)).text()
    expect(upstream.requests).toHaveLength(5)
    // A body may be whole a moment before its connection is free.
    expect(upstream.connections).toBeLessThanOrEqual(2)
  })

  it('has many streams at once without a limit on connections', async () => {
    const all = gate()
    let arrived = 0
    const { url } = await openProxy(() => {
      if (++arrived === 50) all.open()
      return [step.status(200), step.until(all.opened), step.send({ data: '1' })]
    })
    const texts = await Promise.all(
      Array.from({ length: 50 }, async () => (await fetch(url)).text()),
    )
    expect(new Set(texts)).toEqual(new Set(['data: 1\n\n']))
  })

  it('keeps to a limit on connections', async () => {
    const mayEnd = gate()
    const { url, upstream } = await openProxy(
      (request) => [
        step.send({ data: String(request.index) }),
        ...(request.index === 0 ? [step.until(mayEnd.opened)] : []),
      ],
      { pool: { connections: 1 }, timeouts: { headersMs: 100 } },
    )
    const first = slowClient(url)
    await first.received(9)
    // The only connection is taken, so this one waits until it may not any more.
    expect((await fetch(url)).status).toBe(504)
    mayEnd.open()
    await first.verdict
    expect(await (await fetch(url)).text()).toBe('data: 1\n\n')
    expect(upstream.connections).toBe(1)
  })

  it('counts', async () => {
    const { url, proxy, ended } = await openProxy((request) =>
      request.url === '/cut'
        ? [step.send({ data: '1' }), step.wait(20), step.cut()]
        : [step.send({ data: '1' }), step.send({ data: '2' })],
    )
    await (await fetch(url)).text()
    const client = slowClient(`${url}/cut`)
    await client.verdict
    await ended(1)
    expect(proxy.metrics).toMatchObject({
      active: 0,
      started: 2,
      ended: { complete: 1, upstream_error: 1, client_gone: 0, timeout: 0 },
      events: 3,
      bytesIn: 27,
      bytesOut: 27,
      heartbeats: 0,
    })
  })

  it('tells what a stream was like', async () => {
    const { url, ended } = await openProxy([
      step.comment('hi'),
      step.send({ data: '1' }),
      step.wait(5),
      step.send({ data: '2' }),
    ])
    await (await fetch(url)).text()
    const summary = await ended()
    expect(summary).toMatchObject({
      verdict: 'complete',
      status: 200,
      upstreamStatus: 200,
      upstream: 0,
      attempts: 1,
      isSse: true,
      events: 2,
    })
    expect(summary).not.toHaveProperty('code')
    expect(summary).not.toHaveProperty('phase')
    const { headersMs = -1, firstItemMs = -1, firstEventMs = -1, durationMs } = summary
    expect(headersMs).toBeGreaterThanOrEqual(0)
    expect(firstItemMs).toBeGreaterThanOrEqual(headersMs)
    expect(firstEventMs).toBeGreaterThanOrEqual(firstItemMs)
    expect(durationMs).toBeGreaterThanOrEqual(firstEventMs)
    expect(JSON.parse(JSON.stringify(summary))).toEqual(summary)
    expect(JSON.stringify(summary), 'figures in microseconds').not.toMatch(/\.\d{4}/)
  })

  it('rejects a request whose body was read already', async () => {
    const proxy = sseProxy('http://up.test')
    const read = new Request('http://client.test/', { method: 'POST', body: 'prompt' })
    await read.text()
    await expect(proxy(read)).rejects.toThrow(TypeError)
    const locked = new Request('http://client.test/', { method: 'POST', body: 'prompt' })
    locked.body?.getReader()
    await expect(proxy(locked)).rejects.toThrow('its body has been read already')
    expect(proxy.metrics).toMatchObject({ active: 0, started: 0 })
  })
})

describe('a hook that throws', () => {
  const boom = (): never => {
    throw new Error('my hook')
  }
  const HOOKS: [string, ProxyOptions][] = [
    ['onEnd', { onEnd: boom }],
    ['metrics.streamStarted', { metrics: { streamStarted: boom, streamEnded: () => {} } }],
    ['metrics.streamEnded', { metrics: { streamStarted: () => {}, streamEnded: boom } }],
  ]
  it.each(HOOKS)('%s is reported once and touches nothing', async (_, options) => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => {
      if ((warning.cause as Error | undefined)?.message === 'my hook') warnings.push(warning)
    }
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, ...options })
    const warned = once(process, 'warning')
    expect(await (await proxy(request())).text()).toBe('data: 1\n\n')
    await warned
    expect(warnings).toHaveLength(1)
    expect(proxy.metrics).toMatchObject({ active: 0, ended: { complete: 1 } })
  })
})

describe('proxyFetch', () => {
  it('passes one request on, over connections that are shared', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const url = await upstream.listen()
    const summaries: StreamSummary[] = []
    for (let turn = 0; turn < 5; turn++) {
      const response = await proxyFetch(
        new Request('http://client.test/v1/chat?a=b', { method: 'POST', body: 'prompt' }),
        new URL(`${url}/base`),
        { headers: [['x-own', '1']], onEnd: (summary) => summaries.push(summary) },
      )
      expect(response.headers.get('x-accel-buffering')).toBe('no')
      expect(await response.text()).toBe('data: 1\n\n')
    }
    expect(upstream.requests.map((sent) => sent.url)).toEqual(Array(5).fill('/base/v1/chat?a=b'))
    expect(upstream.requests[4]?.headers.get('x-own')).toBe('1')
    expect(upstream.connections).toBeLessThanOrEqual(2)
    expect(summaries.map(({ verdict }) => verdict)).toEqual(Array(5).fill('complete'))
  })

  it('asks with the fetch it is given: of the upstream, of the options, or its own', async () => {
    const one = fakeUpstream([step.send({ data: 'one' })])
    const two = fakeUpstream([step.send({ data: 'two' })])
    const to = { url: 'http://up.test', fetch: one.fetch }
    const first = await proxyFetch(request(), to, { fetch: two.fetch })
    expect(await first.text()).toBe('data: one\n\n')
    const second = await proxyFetch(request(), 'http://up.test', { fetch: two.fetch })
    expect(await second.text()).toBe('data: two\n\n')
  })

  it('rejects wrong arguments', async () => {
    await expect(proxyFetch(request(), 'nonsense')).rejects.toThrow(TypeError)
    await expect(proxyFetch(request(), 'http://up.test', { maxEventBytes: 0 })).rejects.toThrow(
      RangeError,
    )
  })
})
