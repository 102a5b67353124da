import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { proxyFetch, sseProxy } from 'sse-stream-kit'
import { step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { closedPort } from '../support/http/closed-port.ts'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'
import { requestClosed } from '../support/http/request-closed.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

describe('an upstream that breaks', () => {
  it.each([
    ['is cut in mid-event', step.cut(), 'data: ha'],
    ['is reset in mid-event', step.reset(), 'data: ha'],
    ['is cut between events', step.cut(), ''],
    ['is reset between events', step.reset(), ''],
  ])('as it %s breaks the connection to the client', async (_, how, half) => {
    const { url, ended } = await openProxy([
      step.send({ data: '1' }),
      ...(half === '' ? [] : [step.raw(half)]),
      // So that the reset does not overtake what was sent before it.
      step.wait(20),
      how,
    ])
    const answer = await rawRequest(url, GET)
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('data: 1\n\n')
    // What tells a client that a chunked answer is whole.
    expect(answer).not.toMatch(/0\r\n\r\n$/)
    expect(answer).not.toContain('[DONE]')
    expect(await ended()).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_NETWORK',
      status: 200,
      upstreamStatus: 200,
      events: 1,
    })
  })

  it('shows it to fetch', async () => {
    const { url } = await openProxy([step.send({ data: '1' }), step.wait(20), step.cut()])
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow('terminated')
  })

  it.each([
    ['ends clean inside an event', 'data: 1\n\ndata: ha', 'truncated'],
    ['ends clean behind a line', 'data: 1\n\ndata: half\n', 'truncated'],
    ['ends clean at an event boundary', 'data: 1\n\n', 'complete'],
  ])(
    'as it %s passes its bytes, and adds nothing, where it is told to',
    async (_, text, verdict) => {
      const { url, ended } = await openProxy([step.raw(text)], { truncation: 'pass' })
      expect(await (await fetch(url)).text()).toBe(text)
      expect(await ended()).toMatchObject({ verdict, events: 1, bytesOut: text.length })
    },
  )

  it('breaks framing after what was whole', async () => {
    const head =
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'
    const { url, ended } = await openProxy([
      step.wire(`${head}9\r\ndata: 1\n\n\r\nzz\r\nnonsense`),
      step.hang(),
    ])
    const answer = await rawRequest(url, GET)
    expect(answer).not.toMatch(/0\r\n\r\n$/)
    expect(await ended()).toMatchObject({ verdict: 'upstream_error' })
  })

  it('sends more than it said: that goes no further', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n'
    const { url } = await openProxy([
      step.wire(`${head}data: 1\n\nHTTP/1.1 200 OK\r\n\r\n`),
      step.hang(),
    ])
    expect(await (await fetch(url)).text()).toBe('data: 1\n\n')
  })

  it('has an event over the limit: what was whole before it is delivered', async () => {
    const { url, upstream, ended } = await openProxy(
      [step.send({ data: '1' }), step.raw(`data: ${'x'.repeat(100)}`), step.hang()],
      { maxEventBytes: 64 },
    )
    const answer = await rawRequest(url, GET)
    expect(answer).toContain('data: 1\n\n')
    expect(answer).not.toContain('xxx')
    expect(answer).not.toMatch(/0\r\n\r\n$/)
    expect(await ended()).toMatchObject({ verdict: 'too_large', code: 'SSE_LIMIT', events: 1 })
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
  })
})

describe('an upstream that cannot be reached', () => {
  it('is a 502 with a code, and no address in it', async () => {
    const port = await closedPort()
    const { url, ended } = await openProxy([], { to: () => `http://127.0.0.1:${port}/secret-path` })
    const response = await fetch(url, { method: 'POST', body: 'prompt' })
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    expect(JSON.parse(text)).toEqual({
      error: {
        message: 'The upstream could not be reached, or its connection broke',
        type: 'upstream_error',
        code: 'SSE_UPSTREAM_NETWORK',
      },
    })
    expect(text).not.toMatch(new RegExp(`127|${port}|ECONN|secret`))
    expect(await ended()).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_NETWORK',
      status: 502,
    })
  })

  it('has a name that nobody knows', async () => {
    const response = await proxyFetch(new Request('http://client.test/'), 'http://nowhere.invalid')
    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('nowhere')
  })

  it.each([
    ['closes at once', step.cut()],
    ['resets at once', step.reset()],
    ['speaks no HTTP', step.wire('hello\r\n')],
  ])('as it %s is a 502 too', async (_, how) => {
    const { url } = await openProxy([how, step.hang()])
    const response = await fetch(url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
  })

  it('by TLS that is not trusted is a 502', async () => {
    const server = createServer((socket) => socket.end('no TLS'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const proxy = sseProxy(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect((await proxy(new Request('http://client.test/'))).status).toBe(502)
    await proxy.close()
    server.close()
  })
})
