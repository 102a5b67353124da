import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ForwardedOptions, type SseProxy, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ask, rawClient } from '../support/http/raw-client.ts'
import { refusal } from '../support/refusal.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const CLAIMED = {
  forwarded: 'for=1.2.3.4',
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-host': 'evil.test',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-port': '1',
  'x-real-ip': '1.2.3.4',
}

async function seen(
  forwarded: false | ForwardedOptions | undefined,
  headers: Record<string, string> = {},
  own: Record<string, string> = {},
): Promise<Record<string, string>> {
  const upstream = fakeUpstream([step.send({ data: '1' })])
  const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, forwarded, headers: own })
  const request = new Request('https://shop.test:8443/v1', { headers })
  await (await proxy(request)).text()
  return Object.fromEntries(
    [...(upstream.requests[0]?.headers ?? [])].filter(([name]) =>
      /forwarded|via|real-ip/.test(name),
    ),
  )
}

describe('forwarded headers', () => {
  it.each([false, undefined] as const)(
    'are not sent with %s, also not those of the client',
    async (off) => {
      expect(await seen(off, { ...CLAIMED, via: '1.1 somebody' })).toEqual({})
    },
  )

  it.each(['https://evil.test:99/v1', 'https://shop.test:443/v1'])(
    'tell of the connection and the Host header for the target %s',
    async (target) => {
      const upstream = fakeUpstream([step.send({ data: '1' })])
      const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, forwarded: {} })
      const server = createServer(toNodeHandler(proxy))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        await proxy.close()
      })
      const client = rawClient((server.address() as AddressInfo).port)
      client.send(ask(target, 'GET', '1.1', 'connection: close\r\n'))
      await client.closed
      expect(client.text).toContain('data: 1')
      const { url, headers } = upstream.requests[0] ?? {}
      expect(url).toBe('/v1')
      expect(headers?.get('x-forwarded-host')).toBe('test')
      expect(headers?.get('x-forwarded-proto')).toBe('http')
    },
  )

  it('tell no scheme where the host of the URL is not that of the Host header', async () => {
    expect(await seen({}, { host: 'public.test' })).toEqual({ 'x-forwarded-host': 'public.test' })
    expect(await seen({}, { host: 'shop.test:8443' })).toEqual({
      'x-forwarded-host': 'shop.test:8443',
      'x-forwarded-proto': 'https',
    })
  })

  it('tell of the request as it came, whatever the client claims', async () => {
    expect(await seen({}, CLAIMED)).toEqual({
      'x-forwarded-host': 'shop.test:8443',
      'x-forwarded-proto': 'https',
    })
  })

  it.each(['203.0.113.9', '2001:db8::1', '[2001:db8::1]:443'])(
    'tell the address of the client, %s, in the place of what it claims',
    async (address) => {
      const sent = await seen({ clientAddress: () => address }, CLAIMED)
      expect(sent['x-forwarded-for']).toBe(address)
    },
  )

  it.each([undefined, '', '1.2.3.4, 5.6.7.8', '1.2.3.4\r\nx-evil: 1', 'a b'])(
    'tell no address where the application has none: %j',
    async (address) => {
      const sent = await seen({ clientAddress: () => address }, CLAIMED)
      expect(sent).not.toHaveProperty('x-forwarded-for')
    },
  )

  it('survive a function that throws, which is reported', async () => {
    const broken = new Error('no socket')
    const clientAddress = () => {
      throw broken
    }
    const warnings = await warningsDuring(async () => {
      const sent = await seen({ clientAddress })
      expect(sent).toHaveProperty('x-forwarded-host')
      expect(sent).not.toHaveProperty('x-forwarded-for')
    })
    expect(warnings.map(({ cause }) => cause)).toEqual([broken])
  })

  it('do not replace what the application sets itself', async () => {
    const own = { 'x-forwarded-host': 'public.test' }
    expect(await seen({}, CLAIMED, own)).toMatchObject({ 'x-forwarded-host': 'public.test' })
  })

  it('name this proxy in via, behind those before it', async () => {
    expect(await seen({ via: 'gate.test' })).toMatchObject({ via: '1.1 gate.test' })
    expect(await seen({ via: 'gate.test' }, { via: '1.0 a, 2 b (c)' })).toMatchObject({
      via: '1.0 a, 2 b (c), 1.1 gate.test',
    })
  })

  it.each(['', 'a b', 'a,b', 'größe', 'a\r\nb', '"a"'])('refuse the name %j', (via) => {
    expect(() => sseProxy('http://up.test', { forwarded: { via } })).toThrow(
      refusal(TypeError, 'via'),
    )
  })
})

describe('a request that has come through here before', () => {
  const answerTo = async (via: string, headers: Record<string, string> = {}) => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      forwarded: { via: 'Gate.test' },
    })
    const request = new Request('http://gate.test/', { headers: { via, ...headers } })
    const response = await proxy(request)
    return { status: response.status, body: await response.text(), asked: upstream.requests.length }
  }

  it.each([
    '1.1 gate.test',
    'HTTP/1.1 gate.test',
    '1.0 a, 1.1 GATE.test , 2 b',
    '1.1\tgate.test (x)',
  ])('is refused with 508: %j', async (via) => {
    const { status, body, asked } = await answerTo(via)
    expect(status).toBe(508)
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'SSE_LOOP' } })
    expect(body).not.toContain('gate.test')
    expect(asked).toBe(0)
  })

  it('is refused also when it asks for via to be taken away', async () => {
    expect((await answerTo('1.1 gate.test', { connection: 'via' })).status).toBe(508)
  })

  it.each(['1.1 gate.test.evil', '1.1 a-gate.test', 'gate.test', '1.1 other'])(
    'is not mistaken for another: %j',
    async (via) => {
      expect((await answerTo(via)).status).toBe(200)
    },
  )

  const serve = async (): Promise<{ url: string; handle(proxy: SseProxy): void }> => {
    let proxy: SseProxy | undefined
    const server = createServer((req, res) => {
      if (proxy !== undefined) void toNodeHandler(proxy)(req, res)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await proxy?.close({ drainMs: 0 })
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      handle: (given) => {
        proxy = given
      },
    }
  }

  it('does not go round for ever in a proxy that points at itself', async () => {
    const { url, handle } = await serve()
    const proxy = sseProxy(url, { forwarded: { via: 'me' }, breaker: { failures: 100 } })
    handle(proxy)
    const response = await fetch(`${url}/v1/chat`, { method: 'POST', body: 'x' })
    expect(response.status).toBe(508)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_LOOP' } })
    expect(proxy.metrics.started).toBe(2)
  })

  it('does not go round for ever between two', async () => {
    const [one, two] = [await serve(), await serve()]
    const first = sseProxy(two.url, { forwarded: { via: 'one' }, retry: { baseMs: 0 } })
    const second = sseProxy(one.url, { forwarded: { via: 'two' } })
    one.handle(first)
    two.handle(second)
    expect((await fetch(one.url)).status).toBe(508)
    expect([first.metrics.started, second.metrics.started]).toEqual([2, 1])
  })
})
