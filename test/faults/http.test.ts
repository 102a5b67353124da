import { once } from 'node:events'
import { constants } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { proxyFetch } from 'sse-stream-kit'
import { type BodyCoding, gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { ask } from '../support/http/raw-client.ts'
import { rawRequest } from '../support/http/raw-request.ts'
import { http2To } from './http2-to.ts'
import { LAST_CHUNK } from './last-chunk.ts'
import { rawTo } from './raw-to.ts'

const CLOSE = 'connection: close\r\n'
const SSE_HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n'
const SSE_BODY = '\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n'

describe('HTTP on both sides', () => {
  it('P1 hop-by-hop headers: are dropped in both directions', async () => {
    const answered =
      'Proxy-Connection: up\r\nProxy-Authenticate: Basic\r\nTE: up\r\nTrailer: x-up\r\nUpgrade: up\r\nHTTP2-Settings: up\r\nKeep-Alive: timeout=77\r\nX-Kept: up\r\n'
    const { url, upstream } = await openProxy([step.wire(SSE_HEAD + answered + SSE_BODY)])
    const hops =
      'Keep-Alive: timeout=7\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: x-a\r\nProxy-Authenticate: a\r\nProxy-Authorization: Basic b\r\nHTTP2-Settings: c\r\nX-Kept: 1\r\n'
    const answer = await rawRequest(url, ask('/', 'GET', '1.1', `${CLOSE}${hops}`))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    const names = [...(upstream.requests[0]?.headers.keys() ?? [])]
    for (const name of hops.toLowerCase().matchAll(/^([\w-]+):/gm)) {
      if (name[1] !== 'x-kept') expect(names).not.toContain(name[1])
    }
    expect(upstream.requests[0]?.headers.get('x-kept')).toBe('1')
    expect(answer).toMatch(/\r\nx-kept: up\r\n/i)
    expect(answer).not.toMatch(
      /^(proxy-connection|proxy-authenticate|te|trailer|upgrade|http2-settings):/im,
    )
    expect(answer).not.toContain('timeout=77')
  })

  it("P2 headers that Connection names: are dropped before the proxy's are set; some get a 400", async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], {
      headers: { 'x-own': 'ours', authorization: 'Bearer ours' },
    })
    const sent = (names: string): Promise<string> =>
      rawRequest(
        url,
        ask('/', 'GET', '1.1', `Connection: close, ${names}\r\nX-User: 1\r\nX-Own: theirs\r\n`),
      )
    expect(await sent('x-user, x-own')).toMatch(/^HTTP\/1\.1 200 /)
    const { headers } = await upstream.request()
    expect(headers.get('x-user')).toBeNull()
    expect(headers.get('x-own')).toBe('ours')
    expect(headers.get('authorization')).toBe('Bearer ours')
    for (const names of ['authorization', 'host', 'content-type', 'content-length', 'a b', 'a;b']) {
      expect(await sent(names), names).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(upstream.requests).toHaveLength(1)
  })

  it('P3 content-length: is dropped if the body may change, refused if two of them differ', async () => {
    const lengths = await openProxy(
      ({ url }) => {
        const more = url === '/two' ? 'Content-Length: 5\r\n' : ''
        const text = `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n${more}`
        return [step.wire(`${text}\r\ndata: 1\n\n`), step.hang()]
      },
      { transform: (event) => ({ ...event, data: 'longer than it was' }) },
    )
    const changed = await rawRequest(lengths.url, ask('/', 'GET', '1.1', CLOSE))
    expect(changed).toContain('data: longer than it was\n\n')
    expect(changed).not.toMatch(/^content-length:/im)
    expect(changed).toMatch(LAST_CHUNK)
    const two = await rawRequest(lengths.url, ask('/two', 'GET', '1.1', CLOSE))
    expect(two).toMatch(/^HTTP\/1\.1 502 /)
    // From the client two are refused by Node before anybody sees them.
    const twice = 'content-length: 1\r\ncontent-length: 2\r\n'
    expect(await rawRequest(lengths.url, ask('/', 'POST', '1.1', twice))).toMatch(
      /^HTTP\/1\.1 400 /,
    )
    expect(lengths.upstream.requests).toHaveLength(2)
  })

  it.each([
    ['gzip', true],
    ['deflate', true],
    ['br', true],
    ['foo', false],
  ])(
    'P4 content-encoding %s: told only where it still holds, for GET and HEAD',
    async (coding, isDecoded) => {
      const { url } = await openProxy(() => [
        ...(isDecoded ? [step.coding(coding as BodyCoding)] : []),
        step.status(200, {
          etag: '"strong"',
          'content-digest': 'sha-256=:x:',
          ...(!isDecoded && { 'content-encoding': coding }),
        }),
        step.raw('data: 1\n\n'),
      ])
      const get = await rawRequest(url, ask('/', 'GET', '1.1', CLOSE))
      expect(get).toContain('data: 1\n\n')
      expect(/^content-encoding:/im.test(get)).toBe(!isDecoded)
      expect(/^content-digest:/im.test(get)).toBe(!isDecoded)
      expect(get).toMatch(isDecoded ? /^etag: W\/"strong"/im : /^etag: "strong"/im)
      const head = await rawRequest(url, ask('/', 'HEAD', '1.1', CLOSE))
      expect(head).toMatch(new RegExp(`^content-encoding: ${coding}`, 'im'))
      expect(head).toMatch(/^etag: "strong"/im)
    },
  )

  it('P5 gzip that is cut: is detected by the framing, or by the incomplete event', async () => {
    const seen = gate()
    const cut = await openProxy([
      step.coding('gzip'),
      step.raw('data: 1\n\n'),
      step.until(seen.opened),
      step.raw('data: ha'),
      step.cut(),
    ])
    const client = rawTo(cut.url)
    await client.until('data: 1\n\n')
    seen.open()
    await client.closed
    expect(client.text).not.toMatch(LAST_CHUNK)
    expect(await cut.ended()).toMatchObject({ verdict: 'upstream_error' })
    // undici takes half of a gzip body for a whole one where the framing is clean.
    const whole = gzipSync(`data: 1\n\ndata: ${'0123456789abcdef'.repeat(4_000)}\n\n`)
    const short = await openProxy([
      step.status(200, { 'content-encoding': 'gzip' }),
      step.raw(whole.subarray(0, whole.length >> 1)),
    ])
    await (await fetch(short.url)).text().catch(() => {})
    expect(['truncated', 'upstream_error']).toContain((await short.ended()).verdict)
  })

  it.each([
    [204, 'GET'],
    [205, 'GET'],
    [304, 'GET'],
    [200, 'HEAD'],
  ])('P6 response without a body, %s to %s: stays without one', async (status, method) => {
    const { url, ended } = await openProxy([step.status(status, { 'x-kept': '1' })])
    const answer = await rawRequest(url, ask('/', method, '1.1', CLOSE))
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/^x-kept: 1/im)
    expect(answer.split('\r\n\r\n')[1]).toBe('')
    expect(await ended()).toMatchObject({ verdict: 'complete', status })
  })

  it('P6 status that no response can have: becomes 502', async () => {
    const switching = await openProxy([
      step.wire('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      step.hang(),
    ])
    expect((await fetch(switching.url)).status).toBe(502)
    const odd = await openProxy([step.wire('HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n')])
    const response = await fetch(odd.url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_STATUS' } })
  })

  it.each([429, 200])(
    'P7 JSON with status %s: forwards status, bytes and headers',
    async (status) => {
      const body = '{ "error":  {"message": "slow down"} }\n'
      const { url, ended } = await openProxy([
        step.status(status, {
          'content-type': 'application/json',
          'retry-after': '7',
          'x-ratelimit-remaining': '0',
          'x-request-id': 'r-1',
          'cache-control': 'max-age=1',
        }),
        step.raw(body),
      ])
      const response = await fetch(url)
      expect(response.status).toBe(status)
      expect(await response.text()).toBe(body)
      const { headers } = response
      expect(headers.get('retry-after')).toBe('7')
      expect(headers.get('x-ratelimit-remaining')).toBe('0')
      expect(headers.get('x-request-id')).toBe('r-1')
      expect(headers.get('cache-control')).toBe('max-age=1')
      expect(await ended()).toMatchObject({ isSse: false, events: 0, verdict: 'complete' })
    },
  )

  it('P8 pseudo-headers and invalid names: are dropped or refused', async () => {
    const { url, upstream, proxy } = await openProxy([step.send({ data: '1' })])
    for (const line of [':path: /x\r\n', 'x y: 1\r\n', 'x\ny: 1\r\n']) {
      expect(await rawRequest(url, ask('/', 'GET', '1.1', line)), line).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect(upstream.requests).toHaveLength(0)
    const session = await http2To(proxy)
    const stream = session.request({ ':path': '/h2', 'x-kept': '1' })
    const status = await new Promise((resolve) => {
      stream.on('response', (headers) => resolve(headers[':status']))
    })
    expect(status).toBe(200)
    stream.resume()
    expect(upstream.requests[0]?.url).toBe('/h2')
    const names = [...(upstream.requests[0]?.headers.keys() ?? [])]
    expect(names).toContain('x-kept')
    expect(names.filter((name) => name.startsWith(':'))).toEqual([])
  })

  it('P9 Expect: 100-continue: is answered by Node and not forwarded', async () => {
    const { url, upstream } = await openProxy([
      step.until((request) => request.body),
      step.send({ data: '1' }),
    ])
    const extra = `${CLOSE}expect: 100-continue\r\ncontent-length: 6\r\n`
    const client = rawTo(url, ask('/', 'POST', '1.1', extra))
    await client.until('HTTP/1.1 100 Continue\r\n\r\n')
    client.send('prompt')
    await client.closed
    expect(client.text).toContain('HTTP/1.1 200 OK')
    expect(await upstream.requests[0]?.text()).toBe('prompt')
    expect(upstream.requests[0]?.headers.get('expect')).toBeNull()
  })

  it('P10 HEAD, OPTIONS and CORS: are forwarded without added headers', async () => {
    const { url, upstream } = await openProxy([step.status(200), step.send({ data: '1' })])
    for (const method of ['HEAD', 'OPTIONS']) {
      const extra = `${CLOSE}origin: http://page.test\r\nlast-event-id: 7\r\n`
      const answer = await rawRequest(url, ask('/', method, '1.1', extra))
      expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      expect(answer).not.toMatch(/^(access-control|vary)/im)
    }
    expect(upstream.requests.map(({ method }) => method)).toEqual(['HEAD', 'OPTIONS'])
    expect(upstream.requests[1]?.headers.get('last-event-id')).toBe('7')
    expect(upstream.requests[1]?.headers.get('origin')).toBeNull()
  })

  it('P11 Range and conditional requests: are not forwarded', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })])
    const headers = {
      range: 'bytes=0-1',
      'if-range': '"a"',
      'if-none-match': '"a"',
      'if-modified-since': 'Sat, 21 Nov 2026 00:00:00 GMT',
      accept: 'text/event-stream',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    await rawRequest(url, ask('/', 'GET', '1.1', CLOSE + lines.join('')))
    const { headers: received } = await upstream.request()
    for (const name of Object.keys(headers)) expect(received.has(name)).toBe(name === 'accept')
  })

  it('P12 trailers and early hints: are dropped without other effects', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'
    const { url } = await openProxy([
      step.wire(
        `${hints}${SSE_HEAD}Trailer: x-late\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\nx-late: 1\r\n\r\n`,
      ),
      step.hang(),
    ])
    const answer = await rawRequest(url, ask('/', 'GET', '1.1', CLOSE))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toMatch(LAST_CHUNK)
    expect(answer).not.toMatch(/103|a\.css|x-late/)
  })

  it('P13 headers of an event stream: forbid buffering, changing and caching; others stay', async () => {
    const { url } = await openProxy([
      step.status(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'public',
        vary: 'origin',
      }),
      step.raw('data: 1\n\n'),
    ])
    const { headers } = await fetch(url)
    expect(headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(headers.get('vary')).toBe('origin')
  })

  it('P14 set-cookie: is dropped, or forwarded by option with all its values', async () => {
    const head = `${SSE_HEAD}Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n`
    for (const forwardSetCookie of [false, true]) {
      const { url } = await openProxy([step.wire(head + SSE_BODY), step.hang()], {
        forwardSetCookie,
      })
      const answer = await rawRequest(url, ask('/', 'GET', '1.1', CLOSE))
      const cookies = [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map((match) => match[1])
      expect(cookies).toEqual(forwardSetCookie ? ['a=1; Path=/', 'b=2'] : [])
    }
  })

  it('P15 bytes after the end of a response: never answer the next request', async () => {
    const { url, upstream } = await openProxy(({ index }) =>
      index === 0
        ? [
            step.wire(
              'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirstHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison',
            ),
          ]
        : [step.json(200, 'own')],
    )
    const got: string[] = []
    for (let index = 0; index < 4; index++) {
      const response = await fetch(url)
      got.push(response.status === 200 ? await response.text() : String(response.status))
    }
    expect(got[0]).toMatch(/^(first|502)$/)
    expect(got.join()).not.toContain('poison')
    expect(got.slice(1)).toContain('"own"')
    expect(upstream.requests.length).toBeGreaterThan(1)
  })

  it.each([
    ['a pool', undefined],
    ['a fetch', fetch],
  ])(
    'P16 request body: streams, is read once, and is released when the upstream breaks, with %s',
    async (_, own) => {
      const { url, upstream } = await openProxy(
        ({ url: path }) =>
          path === '/breaks'
            ? [step.until(hasArrived.opened), step.reset()]
            : [step.until((request) => request.body), step.send({ data: '1' })],
        { fetch: own },
      )
      const hasArrived = gate()
      const start = 'transfer-encoding: chunked\r\n'
      const client = rawTo(url, `${ask('/', 'POST', '1.1', CLOSE + start)}5\r\nfirst\r\n`)
      const request = await upstream.request()
      await expect.poll(() => request.bodyBytes).toBe(5)
      client.send('6\r\nsecond\r\n0\r\n\r\n')
      await client.closed
      expect(await request.text()).toBe('firstsecond')
      expect(client.text).toContain('data: 1\n\n')

      const breaking = rawTo(url, `${ask('/breaks', 'POST', '1.1', CLOSE + start)}5\r\nfirst\r\n`)
      const broken = await upstream.request(1)
      await expect.poll(() => broken.bodyBytes).toBe(5)
      hasArrived.open()
      await breaking.until('HTTP/1.1 502')
      await breaking.closed

      const read = new Request('http://client.test/', { method: 'POST', body: 'prompt' })
      await read.text()
      await expect(proxyFetch(read, 'http://up.test')).rejects.toThrow(TypeError)
    },
  )

  it('P16 request body, HTTP/2: uploads that the upstream refuses early leave no stream open', async () => {
    const { proxy, upstream } = await openProxy([step.status(413), step.end()])
    const session = await http2To(proxy)
    const upload = async (): Promise<unknown[]> => {
      const stream = session.request({ ':method': 'POST', ':path': '/' })
      stream.end(Buffer.alloc(300_000))
      stream.resume()
      const closed = new Promise((resolve) => stream.on('close', resolve))
      const [head] = await once(stream, 'response')
      await closed
      return [head[':status'], stream.rstCode]
    }
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(Array.from({ length: 8 }, upload))
      expect(answers).toEqual(answers.map(() => [413, constants.NGHTTP2_NO_ERROR]))
    }
    expect(upstream.requests).toHaveLength(40)
  })
})
