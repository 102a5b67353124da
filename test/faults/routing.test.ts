import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { proxyFetch, type SseProxy, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { toNodeHandler } from 'sse-stream-kit/node'
import { SseDecoder } from 'sse-stream-kit/streams'
import { collect, fakeUpstream, gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { outcomeOf } from '../../src/base/outcomes.ts'
import { openProxy } from '../support/http/open-proxy.ts'
import { ask } from '../support/http/raw-client.ts'
import { rawRequest } from '../support/http/raw-request.ts'

const CLOSE = 'connection: close\r\n'

describe('routing, identity and abuse', () => {
  it('S1 path that would leave the base: is refused or stays inside', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      to: (base) => `${base}/base`,
    })
    const targets = [
      '//evil.test',
      '/\\evil.test',
      '\\\\evil.test',
      '/\t/evil.test',
      '///evil.test',
      'http://evil.test',
      'http://evil.test/x',
      'https:evil.test',
      '/../../admin',
      '/%2e%2e/admin',
      '/%2E%2E/admin',
      '/..%2fadmin',
      '/..%5cadmin',
      '/a%2f..%2f..%2fadmin',
      '/%252e%252e/admin',
      '/%252e%252e%252fadmin',
      '/.%2e/admin',
      '/..;/admin',
      '/a/..\\..\\admin',
      '*',
    ]
    for (const target of targets) await rawRequest(url, ask(target, 'GET', '1.1', CLOSE))
    for (const { url: path, headers } of upstream.requests) {
      expect(path).toMatch(/^\/base(\/|\?|$)/)
      expect(path.replace('/..;/', '')).not.toMatch(/(^|[/\\])(\.|%2e|%252e){2}([/\\]|%2f|%5c|$)/i)
      expect(headers.get('host')).toBe(new URL(await upstream.listen()).host)
    }
    expect(upstream.requests.length).toBeLessThan(targets.length)
  })

  it("S2 upstream chosen by the client's input: must be one of the list, compared as a whole", async () => {
    const allowed = fakeUpstream([step.send({ data: 'allowed' })])
    const other = fakeUpstream([step.send({ data: 'other' })])
    const allowedUrl = await allowed.listen()
    const otherUrl = await other.listen()
    const proxy = sseProxy((request) => request.headers.get('x-upstream') ?? '', {
      allowedUpstreams: [allowedUrl],
    })
    const ask = async (upstream: string): Promise<number> => {
      const headers = { 'x-upstream': upstream, host: new URL(otherUrl).host }
      const response = await proxy(new Request(`${otherUrl}/?upstream=${otherUrl}`, { headers }))
      await response.text()
      return response.status
    }
    expect(await ask(allowedUrl)).toBe(200)
    for (const bad of [
      otherUrl,
      `${allowedUrl}.evil.test`,
      `${allowedUrl}@${new URL(otherUrl).host}`,
      `${allowedUrl}/other`,
      `${allowedUrl}?x`,
      'none',
      '',
    ]) {
      expect(await ask(bad), bad).toBe(400)
    }
    expect(allowed.requests).toHaveLength(1)
    expect(other.requests).toHaveLength(0)
    await Promise.all([proxy.close(), allowed.close(), other.close()])
  })

  it.each([
    ['a pool', undefined],
    ['a fetch', fetch],
  ])('S3 redirect to another origin: is forwarded and never followed, with %s', async (_, own) => {
    const other = fakeUpstream([step.send({ data: 'other' })])
    const location = `${await other.listen()}/x`
    const { url } = await openProxy([step.status(307, { location })], {
      headers: { authorization: 'Bearer ours', 'x-api-key': 'ours' },
      fetch: own,
    })
    const response = await fetch(url, { method: 'POST', body: 'prompt', redirect: 'manual' })
    expect(response.status).toBe(307)
    expect(response.headers.get('location')).toBe(location)
    expect(other.requests).toHaveLength(0)
    await other.close()
  })

  it("S4 client's credentials: are not forwarded and cannot replace the proxy's", async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      headers: { authorization: 'Bearer ours' },
    })
    const credentials =
      'Authorization: Bearer theirs\r\nCookie: a=1\r\nProxy-Authorization: Basic x\r\nX-Api-Key: theirs\r\nApi-Key: theirs\r\nX-Goog-Api-Key: theirs\r\n'
    await rawRequest(url, ask('/', 'GET', '1.1', CLOSE + credentials))
    const { headers } = await upstream.request()
    expect(headers.get('authorization')).toBe('Bearer ours')
    for (const name of [
      'cookie',
      'proxy-authorization',
      'x-api-key',
      'api-key',
      'x-goog-api-key',
    ]) {
      expect(headers.has(name), name).toBe(false)
    }
  })

  it('S5 proxy that is its own upstream: responds with 508 at the second pass', async () => {
    let proxy: SseProxy | undefined
    let passes = 0
    const server = createServer(
      toNodeHandler(async (request) => {
        // Where there is no such check this ends it.
        if (++passes > 5 || proxy === undefined) return new Response(null, { status: 500 })
        return await proxy(request)
      }),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    proxy = sseProxy(url, { forwarded: { via: 'kit' } })
    const response = await fetch(url)
    expect(response.status).toBe(508)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_LOOP' } })
    expect(passes).toBe(2)
    await proxy.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it('S6 forwarded headers that the client has made up: are dropped, or replaced by option', async () => {
    const spoofed =
      'Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Real-IP: 1.1.1.1\r\n'
    const names = ['forwarded', 'x-real-ip', 'x-forwarded-port', 'x-forwarded-for']
    const off = await openProxy([step.send({ data: '1' })])
    await rawRequest(off.url, ask('/', 'GET', '1.1', CLOSE + spoofed))
    const { headers: plain } = await off.upstream.request()
    for (const name of [...names, 'x-forwarded-host', 'x-forwarded-proto', 'via']) {
      expect(plain.has(name), name).toBe(false)
    }
    const on = await openProxy([step.send({ data: '1' })], {
      forwarded: { via: 'kit', clientAddress: () => '192.0.2.7' },
    })
    await rawRequest(on.url, ask('/', 'GET', '1.1', CLOSE + spoofed))
    const { headers } = await on.upstream.request()
    expect(headers.get('x-forwarded-for')).toBe('192.0.2.7')
    expect(headers.get('x-forwarded-host')).toBe('test')
    expect(headers.get('x-forwarded-proto')).toBe('http')
    expect(headers.get('via')).toBe('1.1 kit')
    for (const name of names.slice(0, 3)) expect(headers.has(name), name).toBe(false)
  })

  it('S9 unbounded names, of events and routes: do not add series', async () => {
    const registry = new StreamRegistry({ maxRoutes: 10 })
    const series = (): number => prometheusText(registry).trim().split('\n').length
    const stream = async (events: number): Promise<void> => {
      let text = ''
      for (let index = 0; index < events; index++)
        text += `event: e${index}\nid: i${index}\ndata: 1\n\n`
      const fake = fakeUpstream([step.raw(text)])
      const request = new Request(`http://client.test/${events}?q=${events}`)
      const response = await proxyFetch(request, 'http://up.test', {
        fetch: fake.fetch,
        metrics: registry.sink('chat'),
      })
      await response.text()
    }
    await stream(1)
    const before = series()
    await stream(10_000)
    expect(series()).toBe(before)
    for (let index = 0; index < 10_000; index++) {
      const sink = registry.sink(`route-${index}`)
      if (index % 1_000 === 0) sink.streamStarted()
    }
    // Nine more names, and one for all others.
    expect(series()).toBeLessThan(before * 12)
  })

  it('S10 line breaks and secrets of client and upstream: are in no summary, response or error', async () => {
    const SECRET = 'marker-7f3a'
    const told: StreamSummary[] = []
    const noise = `event: ${SECRET}\u0007\u001b[31m\nid: ${SECRET}\ndata: ${SECRET}\n\n`
    const { url } = await openProxy([step.raw(noise), step.cut()], {
      to: (base) => `${base}/${SECRET}`,
      headers: { authorization: `Bearer ${SECRET}` },
      onEnd: (summary) => told.push(summary),
    })
    await fetch(`${url}/${SECRET}%0d%0aSet-Cookie:x?${SECRET}`, { headers: { 'x-a': SECRET } })
      .then((response) => response.text())
      .catch(() => {})
    const refused = await proxyFetch(
      new Request(`http://client.test/${SECRET}`),
      `http://${SECRET}.invalid/${SECRET}`,
      { headers: { 'x-key': SECRET }, onEnd: (summary) => told.push(summary) },
    )
    expect(refused.status).toBe(502)
    expect(await refused.text()).not.toContain(SECRET)
    await vi.waitFor(() => expect(told).toHaveLength(2))
    for (const summary of told) {
      const line = JSON.stringify(summary)
      expect(line).not.toContain(SECRET)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for.
      expect(line).not.toMatch(/[\u0000-\u001f]/)
    }
  })

  it('S11 __proto__ in headers, fields and codes: is a name like any other', async () => {
    const { url, upstream } = await openProxy([
      step.status(200, { constructor: 'c' }),
      step.raw('__proto__: x\nevent: __proto__\ndata: {"__proto__":{"polluted":1}}\n\n'),
    ])
    const answer = await rawRequest(
      url,
      ask(
        '/?__proto__[polluted]=1',
        'GET',
        '1.1',
        `${CLOSE}__proto__: polluted\r\nconstructor: x\r\n`,
      ),
    )
    expect(answer).toContain('{"__proto__":{"polluted":1}}')
    expect(upstream.requests[0]?.headers.get('constructor')).toBe('x')
    const text = new Response('__proto__: x\nevent: __proto__\nid: constructor\ndata: 1\n\n')
    const decoded = text.body?.pipeThrough(new SseDecoder()) as ReadableStream<object>
    for await (const event of decoded) {
      expect(Object.getPrototypeOf(event)).toBe(Object.prototype)
      expect(event).toMatchObject({ event: '__proto__', id: 'constructor', data: '1' })
    }
    for (const code of ['__proto__', 'constructor', 'toString']) {
      expect(outcomeOf({ code })).toMatchObject({ verdict: 'error', status: 500 })
    }
    expect(Object.keys(Object.prototype)).toEqual([])
    expect({}).not.toHaveProperty('polluted')
  })

  it('S12 data of events: is never parsed with dialect: false', async () => {
    const metrics = new StreamRegistry().sink('chat')
    const parse = vi.spyOn(JSON, 'parse')
    const decode = vi.spyOn(TextDecoder.prototype, 'decode')
    onTestFinished(() => {
      parse.mockRestore()
      decode.mockRestore()
    })
    const bytes = new TextEncoder().encode('data: {"usage":{"total_tokens":1}}\n\n'.repeat(1_000))
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: async () => new Response(bytes, { headers: { 'content-type': 'text/event-stream' } }),
      metrics,
      dialect: false,
    })
    let received = 0
    for await (const chunk of response.body as ReadableStream<Uint8Array>) received += chunk.length
    expect(received).toBe(bytes.length)
    expect(parse).not.toHaveBeenCalled()
    expect(decode).not.toHaveBeenCalled()
  })

  it('S13 too many streams: the application can count and refuse them', async () => {
    const over = gate()
    const upstream = fakeUpstream([step.send({ data: '1' }), step.until(over.opened)])
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch })
    const limited = async (request: Request): Promise<Response> =>
      proxy.metrics.active >= 3 ? new Response(null, { status: 503 }) : await proxy(request)
    const answers: Response[] = []
    for (let index = 0; index < 5; index++) {
      answers.push(await limited(new Request('http://client.test/')))
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 503, 503])
    expect(upstream.requests).toHaveLength(3)
    over.open()
    await Promise.all(answers.map((answer) => answer.text()))
    expect((await limited(new Request('http://client.test/'))).status).toBe(200)
    await proxy.close({ drainMs: 0 })
  })

  it('S14 hooks that throw: do not affect the stream, and each error is reported once', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const fail = (message: string) => (): void => {
      throw new Error(message)
    }
    const fake = fakeUpstream([step.send({ data: '1' }), step.send({ data: '2' })])
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      onEnd: fail('onEnd'),
      metrics: { streamStarted: fail('streamStarted'), streamEnded: fail('streamEnded') },
    })
    expect((await collect(response)).events).toHaveLength(2)
    await vi.waitFor(() => expect(warnings).toHaveLength(3))
    expect(warnings.map(({ cause }) => (cause as Error).message)).toEqual([
      'streamStarted',
      'streamEnded',
      'onEnd',
    ])
  })
})
