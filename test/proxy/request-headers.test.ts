import { proxyFetch } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { requestHeaders } from '../../src/proxy/request-headers.ts'
import { openProxy } from './open-proxy.ts'
import { rawRequest } from './raw-request.ts'

const CREDENTIALS = {
  authorization: 'Bearer client',
  'x-api-key': 'client',
  'api-key': 'client',
  'x-goog-api-key': 'client',
}

describe('the headers of a request', () => {
  it.each([
    'connection',
    'keep-alive',
    'proxy-connection',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'proxy-authenticate',
    'proxy-authorization',
    'http2-settings',
    'host',
    'cookie',
    'expect',
    'accept-encoding',
    'range',
    'if-range',
    'if-none-match',
    'if-modified-since',
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-proto',
    'x-real-ip',
    'authorization',
    'x-api-key',
    'api-key',
    'x-goog-api-key',
  ])('do not take %s upstream', (name) => {
    const sent = requestHeaders(new Headers({ [name]: 'client' }), new Headers(), false)
    expect([...(sent ?? [])]).toEqual([['accept-encoding', 'identity']])
  })

  it('take everything else upstream', () => {
    const client = {
      accept: 'text/event-stream',
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      'last-event-id': '7',
      'openai-organization': 'org',
      traceparent: '00-1-2-01',
      'user-agent': 'test',
      'x-user': 'u1',
    }
    const sent = requestHeaders(new Headers(client), new Headers(), false)
    expect(Object.fromEntries(sent ?? [])).toEqual({ ...client, 'accept-encoding': 'identity' })
  })

  it.each([
    ['x-user', ['x-user']],
    ['close, X-User', ['close', 'x-user']],
    [' x-a ,, x-b,', ['x-a', 'x-b']],
    ['', []],
  ])('name in connection %j what goes no further', (connection, names) => {
    const others = Object.fromEntries(names.map((name) => [name, '1']))
    const sent = requestHeaders(
      new Headers({ ...others, connection, y: '2' }),
      new Headers(),
      false,
    )
    expect([...(sent?.keys() ?? [])]).toEqual(['accept-encoding', 'y'])
  })

  it.each([
    'authorization',
    'x-user, Authorization',
    'host',
    'content-type',
    'content-length',
    'x user',
    'x-user;a',
    'ä',
    '"x"',
  ])('are refused for connection %j', (connection) => {
    expect(requestHeaders(new Headers({ connection }), new Headers(), false)).toBeUndefined()
  })

  it('take credentials upstream only where the application says so', () => {
    const sent = requestHeaders(new Headers({ ...CREDENTIALS, cookie: 'a=b' }), new Headers(), true)
    expect(Object.fromEntries(sent ?? [])).toEqual({
      ...CREDENTIALS,
      'accept-encoding': 'identity',
    })
  })

  it('cannot override or remove those of the application', () => {
    const own = new Headers({ authorization: 'Bearer own', 'x-tenant': 'own' })
    const client = new Headers({
      authorization: 'Bearer client',
      'x-tenant': 'client',
      connection: 'x-tenant',
    })
    for (const forwardCredentials of [false, true]) {
      const sent = requestHeaders(client, own, forwardCredentials)
      expect(sent?.get('authorization')).toBe('Bearer own')
      expect(sent?.get('x-tenant')).toBe('own')
    }
  })
})

describe('the headers of a request, over a socket', () => {
  it('leave behind what was meant for the connection', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      headers: { authorization: 'Bearer own', 'x-tenant': 'own' },
    })
    await rawRequest(
      url,
      [
        'GET /v1 HTTP/1.1',
        'Host: client.test',
        'Connection: close, x-hop, x-tenant',
        'X-Hop: 1',
        'X-Tenant: client',
        'X-Kept: 1',
        'X-Kept: 2',
        'TE: trailers',
        'Trailer: x',
        'Proxy-Authorization: Basic client',
        'Expect: 100-continue',
        'Cookie: a=b',
        'Authorization: Bearer client',
        'X-Api-Key: client',
        'X-Forwarded-For: 10.0.0.1',
        '',
        '',
      ].join('\r\n'),
    )
    const { headers } = await upstream.request()
    expect(headers.get('authorization')).toBe('Bearer own')
    expect(headers.get('x-tenant')).toBe('own')
    expect(headers.get('x-kept')).toBe('1, 2')
    expect(headers.get('accept-encoding')).toBe('identity')
    expect(headers.get('host')).toBe(new URL(await upstream.listen()).host)
    expect(headers.get('connection')).toBe('keep-alive')
    for (const name of ['te', 'trailer', 'proxy-authorization', 'expect', 'cookie']) {
      expect(headers.get(name), name).toBeNull()
    }
    for (const name of ['x-hop', 'x-api-key', 'x-forwarded-for']) {
      expect(headers.get(name), name).toBeNull()
    }
  })

  it('are a 400 with a code where connection names what must stay', async () => {
    const { url, upstream, ended } = await openProxy([step.send({ data: '1' })])
    const answer = await rawRequest(
      url,
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close, authorization, x-user\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"SSE_BAD_REQUEST"')
    expect(await ended()).toMatchObject({ verdict: 'error', status: 400, bytesIn: 0 })
    expect(upstream.requests).toHaveLength(0)
  })

  it('may be given for one upstream, after those of the proxy', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const to = {
      url: 'http://upstream.test',
      fetch: upstream.fetch,
      headers: [['authorization', 'Bearer upstream']] as const,
    }
    const headers = new Headers({ authorization: 'Bearer proxy', 'x-proxy': '1' })
    await (await proxyFetch(new Request('http://client.test/'), to, { headers })).text()
    expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer upstream')
    expect(upstream.requests[0]?.headers.get('x-proxy')).toBe('1')
  })

  it('may ask for a coding where the application wants one', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      headers: { 'accept-encoding': 'gzip' },
    })
    await (await fetch(url)).text()
    expect(upstream.requests[0]?.headers.get('accept-encoding')).toBe('gzip')
  })

  it('name the forwarder only where it is told to, and never as the client says', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      forwarded: { via: 'edge-1', clientAddress: () => '192.0.2.7' },
    })
    const lies = {
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-host': 'lie.test',
      'x-forwarded-proto': 'https',
      forwarded: 'for=10.0.0.1',
      'x-real-ip': '10.0.0.1',
      via: '1.1 other',
    }
    await (await fetch(url, { headers: lies })).text()
    const { headers } = await upstream.request()
    expect(headers.get('x-forwarded-for')).toBe('192.0.2.7')
    expect(headers.get('x-forwarded-host')).toBe(new URL(url).host)
    expect(headers.get('x-forwarded-proto')).toBe('http')
    expect(headers.get('forwarded')).toBeNull()
    expect(headers.get('x-real-ip')).toBeNull()
    expect(headers.get('via')).toBe('1.1 other, 1.1 edge-1')
  })

  it('show a request that goes round: it is a 508', async () => {
    const { url, upstream, ended } = await openProxy([step.send({ data: '1' })], {
      forwarded: { via: 'edge-1' },
    })
    const response = await fetch(url, { headers: { via: '1.1 other, 1.1 Edge-1' } })
    expect(response.status).toBe(508)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_LOOP' } })
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_LOOP', status: 508 })
    expect(upstream.requests).toHaveLength(0)
  })
})
