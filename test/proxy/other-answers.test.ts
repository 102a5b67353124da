import { proxyFetch } from 'sse-stream-kit'
import { gate, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { within } from '../support/within.ts'

describe('an answer that is no event stream', () => {
  it.each([400, 401, 404, 413, 429, 500, 503, 529])(
    'of status %i passes with its headers and bytes',
    async (status) => {
      const body = { error: { message: 'größer', type: 'rate_limit_error' } }
      const headers = {
        'retry-after': '3',
        'x-ratelimit-remaining': '0',
        'request-id': 'r1',
        'cache-control': 'no-store',
      }
      const { url, ended } = await openProxy([step.json(status, body, headers)])
      const response = await fetch(url, { method: 'POST', body: '{}' })
      expect(response.status).toBe(status)
      for (const [name, value] of Object.entries(headers)) {
        expect(response.headers.get(name)).toBe(value)
      }
      expect(response.headers.get('x-accel-buffering')).toBeNull()
      const text = JSON.stringify(body)
      expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
      expect(await response.text()).toBe(text)
      expect(await ended()).toMatchObject({
        verdict: 'complete',
        status,
        upstreamStatus: status,
        isSse: false,
        events: 0,
        heartbeats: 0,
      })
    },
  )

  it('passes byte for byte and without the stages of events', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256)
    const transform = vi.fn(() => null)
    const { url } = await openProxy(
      [step.status(200, { 'content-type': 'application/octet-stream' }), step.raw(bytes)],
      { transform, maxEventBytes: 64 },
    )
    const response = await fetch(url)
    expect(Buffer.compare(new Uint8Array(await response.arrayBuffer()), bytes)).toBe(0)
    expect(transform).not.toHaveBeenCalled()
  })

  it('streams line by line', async () => {
    const seen = gate()
    const { url, ended } = await openProxy([
      step.status(200, { 'content-type': 'application/x-ndjson' }),
      step.raw('{"a":1}\n'),
      step.until(seen.opened),
      step.raw('{"a":2}\n'),
    ])
    const client = slowClient(url)
    await client.received(8)
    seen.open()
    expect(await within('end of the response', client.verdict)).not.toBe('error')
    expect(client.text).toBe('{"a":1}\n{"a":2}\n')
    const summary = await ended()
    expect(summary).toMatchObject({ verdict: 'complete', bytesIn: 16, bytesOut: 16 })
    expect(summary.firstItemMs).toBeTypeOf('number')
    expect(summary.firstEventMs).toBeUndefined()
  })

  it('is cancelled upstream when its client leaves', async () => {
    const { url, upstream, ended } = await openProxy([
      step.status(200, { 'content-type': 'application/x-ndjson' }),
      step.raw('{"a":1}\n'),
      step.hang(),
    ])
    const client = slowClient(url)
    await client.received(8)
    client.leave()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', isSse: false })
  })

  it('breaks where the upstream breaks it', async () => {
    const { url, ended } = await openProxy([
      step.status(200, { 'content-type': 'application/json', 'content-length': '100' }),
      step.raw('{"a":'),
      step.cut(),
    ])
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow('terminated')
    expect(await ended()).toMatchObject({ verdict: 'upstream_error', code: 'SSE_UPSTREAM_NETWORK' })
  })

  it.each([204, 205, 304])('of status %i has no body, whatever its headers say', async (status) => {
    const { url, ended } = await openProxy([
      step.status(status, { 'x-a': '1', etag: '"a"', 'content-type': 'text/event-stream' }),
      step.end(),
    ])
    const response = await fetch(url)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-a')).toBe('1')
    expect(response.headers.get('etag')).toBe('"a"')
    expect(await response.text()).toBe('')
    expect(await ended()).toMatchObject({ verdict: 'complete', status, isSse: false })
  })

  it('to HEAD has its headers and no body', async () => {
    const { url, upstream, ended } = await openProxy([
      step.status(200, { 'content-type': 'text/event-stream', 'x-a': '1' }),
      step.end(),
    ])
    const answer = await rawRequest(url, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('\r\nx-a: 1\r\n')
    expect(answer).toMatch(/\r\n\r\n$/)
    expect(upstream.requests[0]?.method).toBe('HEAD')
    expect(await ended()).toMatchObject({ verdict: 'complete', isSse: false })
  })

  it('to HEAD is cancelled where a fetch gives it a body all the same', async () => {
    const cancel = vi.fn()
    const request = new Request('http://client.test/', { method: 'HEAD' })
    const response = await proxyFetch(request, 'http://up.test', {
      fetch: async () => new Response(new ReadableStream({ cancel })),
    })
    expect(response.body).toBeNull()
    expect(cancel).toHaveBeenCalledOnce()
  })

  it.each([
    ['700 Odd', 700],
    ['999 Odd', 999],
  ])('of status %s cannot be passed on', async (line, upstreamStatus) => {
    const { url, upstream, ended } = await openProxy([
      step.wire(`HTTP/1.1 ${line}\r\nContent-Length: 1000\r\n\r\n`),
      step.hang(),
    ])
    const response = await fetch(url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_STATUS' } })
    expect(await ended()).toMatchObject({
      verdict: 'upstream_error',
      code: 'SSE_UPSTREAM_STATUS',
      status: 502,
      upstreamStatus,
    })
    // Its body is not left running for nobody.
    await requestClosed(upstream.requests[0])
  })

  it('passes without a reason phrase that nobody can send', async () => {
    const head = 'HTTP/1.1 200 世界\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok'
    const { url } = await openProxy([step.wire(head), step.hang()])
    const response = await fetch(url)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('ok')
  })

  it('passes after the informational ones, which go no further', async () => {
    const { url } = await openProxy([
      step.wire('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
      step.wire('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok'),
      step.hang(),
    ])
    const response = await fetch(url)
    expect(response.headers.get('link')).toBeNull()
    expect(await response.text()).toBe('ok')
  })

  it('that switches protocols is a 502', async () => {
    const { url } = await openProxy([
      step.wire('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      step.hang(),
    ])
    const response = await fetch(url)
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
  })
})
