import { getEventListeners } from 'node:events'
import { type HeadersLike, type ProxyOptions, proxyFetch, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, gate, serve, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const EVENT = [step.send({ data: '1' })]
const FAILED = {
  error: {
    message: 'The server failed to prepare the request',
    type: 'server_error',
    code: 'SSE_REQUEST_SETUP',
  },
}

/** What arrives at an upstream for a request of this path, through a proxy with a base path and a base query. */
async function sent(options: ProxyOptions, path = '/api/chat?q=1', init: RequestInit = {}) {
  const upstream = fakeUpstream(EVENT)
  const proxy = sseProxy('http://up.test/base?key=1', { ...options, fetch: upstream.fetch })
  const response = await proxy(new Request(`http://proxy.test${path}`, init))
  await response.text()
  return { status: response.status, request: upstream.requests[0] }
}

describe('a path of the application', () => {
  it.each<[string, ProxyOptions['path'], string]>([
    ['rules', { '/api/chat': '/v1/chat/completions' }, '/v1/chat/completions?key=1&q=1'],
    ['a rule for a prefix', { '/api/': '/v1/' }, '/v1/chat?key=1&q=1'],
    ['rules that do not match', { '/other': '/v1' }, '/api/chat?key=1&q=1'],
    ['a function', (url) => url.pathname.replace('/api', '/v1'), '/v1/chat?key=1&q=1'],
    ['a function that rejects nothing', async () => '/v1', '/v1?key=1&q=1'],
    ['a query of its own', () => '/v1?r=2', '/v1?key=1&r=2'],
    ['an empty query', () => '/v1?', '/v1?key=1'],
    [
      'a changed query',
      (url) => {
        url.searchParams.delete('q')
        url.searchParams.set('r', '2')
        return '/v1'
      },
      '/v1?key=1&r=2',
    ],
    [
      'another host in the URL it was given',
      (url) => {
        url.host = 'evil.test'
        return url.pathname
      },
      '/api/chat?key=1&q=1',
    ],
    ['a header of the request', (_, request) => `/${request.method}`, '/POST?key=1&q=1'],
  ])('is appended to the upstream, from %s', async (_, path, expected) => {
    const { request } = await sent({ path }, '/api/chat?q=1', { method: 'POST', body: '{}' })
    expect(request?.url).toBe(`/base${expected}`)
    expect(await request?.text()).toBe('{}')
  })

  it.each([
    '/../admin',
    '/v1/../../admin',
    '/%2e%2e/admin',
    '/v1/..%2fadmin',
    '/v1/%252e%252e/admin',
  ])('cannot leave the base: %s', async (path) => {
    const { status, request } = await sent({ path: () => path })
    expect(status).toBe(400)
    expect(request).toBeUndefined()
  })

  it('cannot become another host', async () => {
    const upstream = fakeUpstream(EVENT)
    const proxy = sseProxy('http://up.test', { path: () => '//evil.test/x', fetch: upstream.fetch })
    expect((await proxy(new Request('http://proxy.test/'))).status).toBe(400)
    expect(upstream.requests).toHaveLength(0)
  })

  it('is the one whose dialect heartbeats and errors have', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.cut()])
    const proxy = sseProxy('http://up.test', {
      path: { '/api/chat': '/v1/messages' },
      upstreamErrors: 'event-then-break',
      fetch: upstream.fetch,
    })
    const response = await proxy(new Request('http://proxy.test/api/chat'))
    const reader = response.body?.getReader()
    let text = ''
    await expect(async () => {
      for (;;) text += new TextDecoder().decode((await reader?.read())?.value)
    }).rejects.toThrow()
    expect(text).toContain('event: error\n')
  })
})

describe('headers of the application for one request', () => {
  it('are asked of it with the request, and win over the client', async () => {
    const { request } = await sent(
      {
        headers: (given) => ({
          authorization: `Bearer key-of-${given.headers.get('x-user')}`,
          'x-request-id': 'r1',
          'x-user': null,
        }),
      },
      '/',
      { headers: { 'x-user': 'ann', authorization: 'Bearer client', 'x-request-id': 'client' } },
    )
    expect(request?.headers.get('authorization')).toBe('Bearer key-of-ann')
    expect(request?.headers.get('x-request-id')).toBe('r1')
    expect(request?.headers.has('x-user')).toBe(false)
  })

  it('may come later, and yield to those of an upstream', async () => {
    const upstream = fakeUpstream(EVENT)
    const proxy = sseProxy(
      { url: 'http://up.test', headers: { 'x-a': 'upstream', 'x-b': null } },
      {
        headers: async () => [
          ['x-a', 'proxy'],
          ['x-b', 'proxy'],
          ['x-c', 'proxy'],
        ],
        fetch: upstream.fetch,
      },
    )
    await (await proxy(new Request('http://proxy.test/'))).text()
    const headers = upstream.requests[0]?.headers
    expect([headers?.get('x-a'), headers?.has('x-b'), headers?.get('x-c')]).toEqual([
      'upstream',
      false,
      'proxy',
    ])
  })

  it('may depend on the body, read from a clone', async () => {
    const { request } = await sent(
      {
        headers: async (given) => ({ 'x-model': (await given.clone().json()).model }),
        path: async (_, given) => `/${(await given.clone().json()).model}`,
      },
      '/',
      { method: 'POST', body: '{"model":"m1"}' },
    )
    expect(request?.headers.get('x-model')).toBe('m1')
    expect(request?.url).toBe('/base/m1?key=1')
    expect(await request?.text()).toBe('{"model":"m1"}')
  })
})

describe('what the application computes for a request', () => {
  it('is computed once, whatever the number of attempts and upstreams', async () => {
    const first = fakeUpstream([step.status(500)])
    const second = fakeUpstream([step.status(503)])
    const path = vi.fn(async () => '/v1')
    const headers = vi.fn(async () => ({ 'x-a': '1' }))
    const proxy = sseProxy(
      [
        { url: 'http://one.test', fetch: first.fetch },
        { url: 'http://two.test', fetch: second.fetch },
      ],
      { path, headers, retry: { attempts: 2, baseMs: 0 }, breaker: { failures: 100 } },
    )
    expect((await proxy(new Request('http://proxy.test/'))).status).toBe(503)
    expect([path.mock.calls.length, headers.mock.calls.length]).toEqual([1, 1])
    for (const { requests } of [first, second]) {
      expect(requests.map(({ url }) => url)).toEqual(['/v1', '/v1'])
      expect(requests.map((request) => request.headers.get('x-a'))).toEqual(['1', '1'])
    }
  })

  const secret = new Error('no key for secret-user')
  const WRONG: [string, ProxyOptions][] = [
    [
      'a path that throws',
      {
        path: () => {
          throw secret
        },
      },
    ],
    ['a path that rejects', { path: () => Promise.reject(secret) }],
    ['a path without a slash', { path: () => 'v1/secret' }],
    ['a path that is a URL', { path: () => 'https://secret.test/v1' }],
    ['no path', { path: (() => undefined) as unknown as () => string }],
    [
      'headers that throw',
      {
        headers: () => {
          throw secret
        },
      },
    ],
    ['headers that reject', { headers: () => Promise.reject(secret) }],
    ['headers that reject with nothing', { headers: () => Promise.reject(undefined) }],
    ['headers that cannot be sent', { headers: () => ({ 'x-a': 'secret\n' + 'b' }) }],
    ['headers of the connection', { headers: () => ({ host: 'secret.test' }) }],
    ['no headers', { headers: (() => undefined) as unknown as () => HeadersLike }],
    ['a body that was read', { headers: async (given) => ({ 'x-a': await given.text() }) }],
  ]
  it.each(WRONG)('that fails is a 500, and nobody else’s fault: %s', async (_, options) => {
    const upstream = fakeUpstream(EVENT)
    const onEnd = vi.fn()
    const execute = vi.fn()
    const proxy = sseProxy(['http://up.test', 'http://other.test'], {
      ...options,
      fetch: upstream.fetch,
      retry: { attempts: 3, baseMs: 0 },
      breaker: { execute },
      onEnd,
    })
    const request = new Request('http://proxy.test/', { method: 'POST', body: 'prompt' })
    const response = await proxy(request)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual(FAILED)
    expect(upstream.requests).toHaveLength(0)
    expect(execute).not.toHaveBeenCalled()
    expect(onEnd).toHaveBeenCalledOnce()
    expect(onEnd.mock.lastCall?.[0]).toMatchObject({
      verdict: 'error',
      code: 'SSE_REQUEST_SETUP',
      status: 500,
      attempts: 0,
    })
    expect(JSON.stringify(onEnd.mock.lastCall?.[0])).not.toContain('secret')
  })

  it.each(['path', 'headers'] as const)(
    'is waited for no longer than for headers of an upstream: %s',
    async (name) => {
      const upstream = fakeUpstream(EVENT)
      const proxy = sseProxy('http://up.test', {
        [name]: () => new Promise<never>(() => {}),
        fetch: upstream.fetch,
        timeouts: { headersMs: 5 },
      })
      const response = await proxy(new Request('http://proxy.test/'))
      expect(response.status).toBe(500)
      expect(await response.json()).toEqual(FAILED)
    },
  )

  it.each(['path', 'headers'] as const)(
    'is not waited for when the client leaves: %s',
    async (name) => {
      const asked = gate()
      let rejectLate: (reason: unknown) => void = () => {}
      const { url, upstream, ended } = await openProxy(EVENT, {
        [name]: () => {
          asked.open()
          return new Promise<never>((_, reject) => {
            rejectLate = reject
          })
        },
        breaker: { failures: 1 },
      })
      const client = new AbortController()
      const response = fetch(url, { method: 'POST', body: 'prompt', signal: client.signal })
      await asked.opened
      client.abort()
      await expect(response).rejects.toThrow()
      expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 499, attempts: 0 })
      // Neither a request nor an unhandled rejection comes of it.
      rejectLate(secret)
      expect(upstream.requests).toHaveLength(0)
    },
  )

  it('is not waited for when the proxy closes', async () => {
    const asked = gate()
    const proxy = sseProxy('http://up.test', {
      headers: () => {
        asked.open()
        return new Promise<never>(() => {})
      },
    })
    const request = new Request('http://proxy.test/')
    const response = proxy(request)
    await asked.opened
    await proxy.close({ drainMs: 0 })
    expect((await response).status).toBe(503)
    expect(proxy.metrics.active).toBe(0)
    expect(getEventListeners(request.signal, 'abort')).toHaveLength(0)
  })
})

describe('a request made of another one', () => {
  it('keeps its method, headers and body, and ends with its client', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    const base = await upstream.listen()
    const server = await serve((request: Request) => {
      const url = new URL(request.url)
      url.pathname = '/v1/chat/completions'
      return proxyFetch(new Request(url, request), base)
    })
    onTestFinished(async () => {
      await server.close()
      await upstream.close()
    })
    const client = new AbortController()
    const response = await fetch(`${server.url}/api/chat?q=1`, {
      method: 'POST',
      body: 'prompt',
      headers: { 'content-type': 'text/plain' },
      signal: client.signal,
    })
    await response.body?.getReader().read()
    const request = await upstream.request()
    expect([request.method, request.url]).toEqual(['POST', '/v1/chat/completions?q=1'])
    expect(request.headers.get('content-type')).toBe('text/plain')
    expect(await request.text()).toBe('prompt')
    client.abort()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
  })
})
