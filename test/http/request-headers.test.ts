import { type HeadersLike, isCredentialHeader, proxyFetch, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { headerChanges } from '../../src/http/header-changes.ts'
import { requestHeaders } from '../../src/http/request-headers.ts'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'

const CREDENTIALS = {
  authorization: 'Bearer client',
  'x-api-key': 'client',
  'api-key': 'client',
  'x-goog-api-key': 'client',
  'ocp-apim-subscription-key': 'client',
  'x-amz-security-token': 'client',
  'x-functions-key': 'client',
  'xi-api-key': 'client',
  apikey: 'client',
  'x-portkey-api-key': 'client',
  'x-portkey-virtual-key': 'client',
  'helicone-auth': 'client',
  'x-litellm-api-key': 'client',
  'x-auth-token': 'client',
  'x-access-token': 'client',
  'x-serverless-authorization': 'client',
  'cf-aig-authorization': 'client',
  'cf-access-client-secret': 'client',
}
const NONE = [headerChanges({})]

/** What Chrome sends to an application behind Cloudflare, and what intermediaries add. */
const FROM_BROWSER_AND_CDN = {
  origin: 'https://shop.test',
  referer: 'https://shop.test/cart?token=secret',
  cookie2: '$Version=1',
  'x-csrf-token': 'secret',
  'x-xsrf-token': 'secret',
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type',
  dnt: '1',
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-ch-ua': '"Chromium";v="146"',
  'sec-ch-ua-platform': '"Linux"',
  'sec-gpc': '1',
  'sec-websocket-key': 'x',
  'cf-connecting-ip': '203.0.113.9',
  'cf-connecting-ipv6': '2001:db8::9',
  'cf-pseudo-ipv4': '240.0.0.1',
  'cf-ipcountry': 'DE',
  'cf-ipcity': 'Jena',
  'cf-iplatitude': '50.9',
  'cf-ray': '8a-FRA',
  'cf-visitor': '{"scheme":"https"}',
  'cf-worker': 'shop.test',
  'cf-access-jwt-assertion': 'e30',
  'cf-access-authenticated-user-email': 'user@shop.test',
  'true-client-ip': '203.0.113.9',
  'x-client-ip': '203.0.113.9',
  'x-cluster-client-ip': '203.0.113.9',
  'client-ip': '203.0.113.9',
  'fastly-client-ip': '203.0.113.9',
  'fastly-client': '1',
  'fly-client-ip': '203.0.113.9',
  'fly-forwarded-port': '443',
  'do-connecting-ip': '203.0.113.9',
  'x-envoy-external-address': '203.0.113.9',
  'x-azure-clientip': '203.0.113.9',
  'x-azure-socketip': '203.0.113.9',
  'x-appengine-user-ip': '203.0.113.9',
  'x-appengine-citylatlong': '50.9,11.5',
  'cloudfront-viewer-address': '203.0.113.9:1',
  'cloudfront-viewer-country': 'DE',
  'x-vercel-forwarded-for': '203.0.113.9',
  'x-vercel-ip-city': 'Jena',
  'x-vercel-oidc-token': 'e30',
  'x-nf-client-connection-ip': '203.0.113.9',
  'x-nf-geo': 'e30',
  'x-akamai-edgescape': 'country_code=DE',
  'x-original-forwarded-for': '203.0.113.9',
  'x-original-url': '/admin',
  'x-forwarded-client-cert': 'Hash=1',
  'x-forwarded-access-token': 'secret',
  'x-forwarded-user': 'user',
  'x-auth-request-email': 'user@shop.test',
  'x-amzn-oidc-data': 'e30',
  'x-ms-client-principal-name': 'user@shop.test',
  'x-ms-token-aad-access-token': 'secret',
  'x-goog-iap-jwt-assertion': 'e30',
  'x-goog-authenticated-user-email': 'user@shop.test',
} as const

/** What arrives at an upstream with these headers of the application. */
async function sentWith(
  headers: HeadersLike,
  { of, client = {} }: { of?: HeadersLike; client?: Record<string, string> } = {},
): Promise<Headers> {
  const upstream = fakeUpstream([step.send({ data: '1' })])
  const url = 'http://up.test'
  const proxy = sseProxy(of === undefined ? url : { url, headers: of }, {
    fetch: upstream.fetch,
    headers,
  })
  await (await proxy(new Request('http://proxy.test/', { headers: client }))).text()
  return upstream.requests[0]?.headers ?? new Headers()
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
    ...Object.keys(CREDENTIALS),
    ...Object.keys(FROM_BROWSER_AND_CDN),
  ])('do not take %s upstream', (name) => {
    const sent = requestHeaders(new Headers({ [name]: 'client' }), NONE, false)
    expect([...(sent ?? [])]).toEqual([['accept-encoding', 'identity']])
  })

  it('include everything else', () => {
    const client = {
      accept: 'text/event-stream',
      'anthropic-version': '2023-06-01',
      'cf-aig-cache-ttl': '60',
      'content-type': 'application/json',
      'last-event-id': '7',
      'openai-organization': 'org',
      traceparent: '00-1-2-01',
      'user-agent': 'test',
      'x-client-request-id': 'r1',
      'x-goog-api-client': 'c1',
      'x-ms-client-request-id': 'r2',
      'x-user': 'u1',
    }
    const sent = requestHeaders(new Headers(client), NONE, false)
    expect(Object.fromEntries(sent ?? [])).toEqual({ ...client, 'accept-encoding': 'identity' })
  })

  it.each([
    ['x-user', ['x-user']],
    ['close, X-User', ['close', 'x-user']],
    [' x-a ,, x-b,', ['x-a', 'x-b']],
    ['', []],
  ])('name in connection %j what goes no further', (connection, names) => {
    const others = Object.fromEntries(names.map((name) => [name, '1']))
    const sent = requestHeaders(new Headers({ ...others, connection, y: '2' }), NONE, false)
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
    expect(requestHeaders(new Headers({ connection }), NONE, false)).toBeUndefined()
  })

  it('include credentials only if the application allows it', () => {
    const sent = requestHeaders(new Headers({ ...CREDENTIALS, cookie: 'a=b' }), NONE, true)
    expect(Object.fromEntries(sent ?? [])).toEqual({
      ...CREDENTIALS,
      'accept-encoding': 'identity',
    })
  })

  it('cannot override or remove those of the application', () => {
    const own = [headerChanges({ authorization: 'Bearer own', 'x-tenant': 'own' })]
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

describe('the headers of the application', () => {
  it('can set a header that the proxy drops', async () => {
    const sent = await sentWith(
      { origin: 'https://own.test', 'cf-connecting-ip': '10.0.0.1' },
      { client: FROM_BROWSER_AND_CDN },
    )
    expect(sent.get('origin')).toBe('https://own.test')
    expect(sent.get('cf-connecting-ip')).toBe('10.0.0.1')
  })

  it.each([null, undefined])('remove a header of the client that is %s', async (none) => {
    const client = { 'user-agent': 'client', 'x-user': 'u1', 'x-kept': '1' }
    for (const headers of [
      { 'X-User': none },
      [['X-User', none]],
      [
        ['x-user', 'a'],
        ['X-USER', none],
      ],
    ] as const) {
      const sent = await sentWith(headers, { client })
      expect(sent.has('x-user')).toBe(false)
      expect(sent.get('x-kept')).toBe('1')
    }
  })

  it('apply in order if they are pairs', async () => {
    const sent = await sentWith([
      ['x-user', null],
      ['x-user', 'a'],
      ['x-user', 'b'],
    ])
    expect(sent.get('x-user')).toBe('a, b')
  })

  it.each([null, undefined])('of an upstream remove those of the proxy, with %s', async (none) => {
    const sent = await sentWith(
      { authorization: 'Bearer own', 'x-a': '1' },
      { of: { authorization: none, 'x-b': '2' } },
    )
    expect(Object.fromEntries(sent)).toMatchObject({ 'x-a': '1', 'x-b': '2' })
    expect(sent.has('authorization')).toBe(false)
  })

  it('of an upstream set what those of the proxy remove', async () => {
    const sent = await sentWith({ 'x-user': null }, { of: { 'x-user': 'own' } })
    expect(sent.get('x-user')).toBe('own')
  })

  it('request an identity body, also if they remove accept-encoding', async () => {
    const client = { 'accept-encoding': 'gzip' }
    const sent = await sentWith({ 'accept-encoding': null }, { client })
    expect(sent.get('accept-encoding')).toBe('identity')
  })

  it('remove what forwarded would set', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy('http://up.test', {
      fetch: upstream.fetch,
      forwarded: {},
      headers: { 'x-forwarded-host': null },
    })
    await (await proxy(new Request('http://proxy.test/'))).text()
    const sent = upstream.requests[0]?.headers
    expect(sent?.has('x-forwarded-host')).toBe(false)
    expect(sent?.get('x-forwarded-proto')).toBe('http')
  })

  it.each([
    [{ authorization: 'Bearer secret\nkey' }],
    [[['authorization', 'Bearer secret\u{1f511}']]],
    [{ 'x y': 'secret' }],
    [{ 'x y': null }],
    [[['authorization']]],
    [[['authorization', 'Bearer', 'secret']]],
    ['x'],
    [null],
  ])('are rejected without their values: %j', (headers) => {
    const make = () => sseProxy('http://up.test', { headers: headers as HeadersLike })
    expect(make).toThrow(TypeError)
    expect(make).toThrow(/^headers must(?!.*secret)/)
  })
})

describe('isCredentialHeader', () => {
  it.each(Object.keys(CREDENTIALS))('knows %s, in any case', (name) => {
    expect(isCredentialHeader(name)).toBe(true)
    expect(isCredentialHeader(name.toUpperCase())).toBe(true)
  })

  it.each(['cookie', 'accept', 'x-goog-api-client', 'x-api-key-id', 'openai-organization'])(
    'does not take %s for one',
    (name) => {
      expect(isCredentialHeader(name)).toBe(false)
    },
  )
})

describe('the headers of a request, over a socket', () => {
  it('contain nothing that a browser or a CDN has added', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })])
    const lines = Object.entries(FROM_BROWSER_AND_CDN).map(([name, value]) => `${name}: ${value}`)
    const head = ['POST /v1 HTTP/1.1', 'Host: client.test', 'Connection: close', ...lines]
    await rawRequest(url, `${head.join('\r\n')}\r\ncontent-length: 0\r\n\r\n`)
    const { headers } = await upstream.request()
    const known = ['accept-encoding', 'connection', 'content-length', 'host']
    // undici's fetch adds these to every request.
    known.push('accept', 'accept-language', 'sec-fetch-mode', 'user-agent')
    expect([...headers.keys()].filter((name) => !known.includes(name))).toEqual([])
    expect(JSON.stringify([...headers])).not.toMatch(/secret|shop\.test|203\.0\.113|e30/)
  })

  it('drop what was meant for the connection', async () => {
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

  it('are a 400 with a code if connection names a protected header', async () => {
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

  it('can be set per upstream, after those of the proxy', async () => {
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

  it('can request a coding if the application sets it', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      headers: { 'accept-encoding': 'gzip' },
    })
    await (await fetch(url)).text()
    expect(upstream.requests[0]?.headers.get('accept-encoding')).toBe('gzip')
  })

  it("name the forwarder only with forwarded, and never with the client's values", async () => {
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

  it('detect a loop: it is a 508', async () => {
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
