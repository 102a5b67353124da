import { createServer, request as httpRequest, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type DispatcherLike, type ProxyOptions, proxyFetch, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { requestClosed } from '../support/http/request-closed.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

/** A forward proxy as companies have it: tunnels with CONNECT, and absolute-form requests. */
async function forwardProxy(refuses = false): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const server: Server = createServer((req, res) => {
    seen.push(`${req.method} ${req.url}`)
    const onward = httpRequest(req.url ?? '', { method: req.method, headers: req.headers })
    onward.on('response', (response) => {
      res.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(res)
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  })
  server.on('connect', (req, socket) => {
    seen.push(`CONNECT ${req.url}`)
    if (refuses) return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    const [host, port] = (req.url ?? '').split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
    onward.on('close', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function closedAtEnd<T extends Dispatcher>(dispatcher: T): T {
  onTestFinished(() => dispatcher.destroy())
  return dispatcher
}

const REQUEST = { method: 'POST', body: 'prompt' }
const EVENTS = [
  step.until((request) => request.body),
  step.send({ data: '1' }),
  step.send({ data: '2' }),
]

describe('a dispatcher', () => {
  it.each([
    [
      'EnvHttpProxyAgent',
      // For http: upstreams undici 8 tunnels only when it is told to.
      (url: string) => new EnvHttpProxyAgent({ httpProxy: url, noProxy: '', proxyTunnel: true }),
      'CONNECT',
    ],
    ['ProxyAgent', (url: string) => new ProxyAgent({ uri: url, proxyTunnel: true }), 'CONNECT'],
    [
      'ProxyAgent without tunnels',
      (url: string) => new ProxyAgent({ uri: url, proxyTunnel: false }),
      'POST',
    ],
  ])('brings requests through a forward proxy: %s', async (_, make, method) => {
    const between = await forwardProxy()
    const upstream = fakeUpstream(EVENTS)
    onTestFinished(() => upstream.close())
    const base = await upstream.listen()
    const dispatcher = closedAtEnd(make(between.url))
    const proxy = sseProxy(base, { dispatcher })
    const response = await proxy(new Request('http://proxy.test/v1', REQUEST))
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n')
    expect(await upstream.requests[0]?.text()).toBe('prompt')
    const target = method === 'CONNECT' ? new URL(base).host : `${base}/v1`
    expect(between.seen).toEqual([`${method} ${target}`])
    expect(
      await (
        await proxyFetch(new Request('http://proxy.test/v1', REQUEST), base, { dispatcher })
      ).text(),
    ).toBe('data: 1\n\ndata: 2\n\n')
  })

  it('brings requests to an https: upstream through a tunnel', async () => {
    const between = await forwardProxy()
    const tls = await loopbackCertificate()
    const upstream = fakeUpstream(EVENTS)
    onTestFinished(() => upstream.close())
    const base = await upstream.listen({ tls })
    const dispatcher = closedAtEnd(
      new EnvHttpProxyAgent({ httpsProxy: between.url, noProxy: '', requestTls: { ca: tls.cert } }),
    )
    const proxy = sseProxy(base, { dispatcher })
    const response = await proxy(new Request('http://proxy.test/v1', REQUEST))
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n')
    expect(between.seen).toEqual([`CONNECT ${new URL(base).host}`])
  })

  it('lets go of the upstream when the client leaves', async () => {
    const between = await forwardProxy()
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    onTestFinished(() => upstream.close())
    const proxy = sseProxy(await upstream.listen(), {
      dispatcher: closedAtEnd(new ProxyAgent(between.url)),
    })
    const reader = (await proxy(new Request('http://proxy.test/v1', REQUEST))).body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
  })

  it('that cannot connect is a 502', async () => {
    const between = await forwardProxy(true)
    const proxy = sseProxy('http://127.0.0.1:9', {
      dispatcher: closedAtEnd(new ProxyAgent(between.url)),
    })
    const response = await proxy(new Request('http://proxy.test/v1', REQUEST))
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
  })

  it('stays open when the proxy closes, which ends its streams', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    onTestFinished(() => upstream.close())
    const base = await upstream.listen()
    const dispatcher = closedAtEnd(new Agent())
    const proxy = sseProxy(base, { dispatcher })
    const response = await proxy(new Request('http://proxy.test/v1', REQUEST))
    await proxy.close({ drainMs: 0 })
    await expect(response.text()).rejects.toThrow()
    expect([dispatcher.closed, dispatcher.destroyed]).toEqual([false, false])
    const { statusCode, body } = await dispatcher.request({
      origin: base,
      path: '/',
      method: 'GET',
    })
    expect(statusCode).toBe(200)
    body.destroy()
  })

  it('of undici 8 gets handlers that it takes, and none of undici’s limits', async () => {
    const upstream = fakeUpstream(EVENTS)
    onTestFinished(() => upstream.close())
    const agent = closedAtEnd(new Agent())
    const limits: unknown[] = []
    const dispatcher: DispatcherLike = {
      dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
        limits.push(options.headersTimeout, options.bodyTimeout)
        // What undici 8 says.
        if (typeof handler.onRequestStart !== 'function')
          throw new Error('invalid onRequestStart method')
        return agent.dispatch(options, handler)
      },
    }
    const proxy = sseProxy(await upstream.listen(), { dispatcher })
    const response = await proxy(new Request('http://proxy.test/v1', REQUEST))
    expect(await response.text()).toBe('data: 1\n\ndata: 2\n\n')
    expect(limits).toEqual([0, 0])
  })

  it('gives way to the fetch of an upstream', async () => {
    const upstream = fakeUpstream(EVENTS)
    const dispatcher: DispatcherLike = {
      dispatch: () => {
        throw new Error('not to be asked')
      },
    }
    const proxy = sseProxy({ url: 'http://up.test', fetch: upstream.fetch }, { dispatcher })
    expect((await proxy(new Request('http://proxy.test/v1', REQUEST))).status).toBe(200)
  })

  const own = { dispatch: () => true }
  it.each<[RegExp, object]>([
    [/dispatcher and fetch/, { dispatcher: own, fetch }],
    [/dispatcher and pool/, { dispatcher: own, pool: {} }],
    [/dispatcher\.dispatch/, { dispatcher: {} }],
    [/dispatcher\.dispatch/, { dispatcher: 'http://proxy.test' }],
  ])('is refused where it is given: %s', (message, options) => {
    expect(() => sseProxy('http://up.test', options as ProxyOptions)).toThrow(TypeError)
    expect(() => sseProxy('http://up.test', options as ProxyOptions)).toThrow(message)
  })
})
