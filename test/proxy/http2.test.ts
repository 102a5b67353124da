import { gate, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { type OpenProxy, openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { within } from '../support/within.ts'

let tls: { key: string; cert: string }
beforeAll(async () => {
  tls = await loopbackCertificate()
})

const open = (script: UpstreamScript, allowH2: boolean, http2 = true): Promise<OpenProxy> =>
  openProxy(script, { pool: { allowH2, tls: { ca: tls.cert } }, listen: { tls, http2 } })

describe('an upstream over HTTP/2', () => {
  it('is spoken to in HTTP/2, and streams', async () => {
    const seen = gate()
    const { url, upstream, ended } = await open(
      [step.send({ data: '1' }), step.until(seen.opened), step.send({ data: '2' })],
      true,
    )
    const client = slowClient(`${url}/v1?a=b`, { body: 'prompt' })
    await client.received(9)
    seen.open()
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(client.text).toBe('data: 1\n\ndata: 2\n\n')
    expect(upstream.requests[0]).toMatchObject({
      httpVersion: '2.0',
      method: 'POST',
      url: '/v1?a=b',
    })
    expect(await upstream.requests[0]?.text()).toBe('prompt')
    expect(await ended()).toMatchObject({ verdict: 'complete', events: 2 })
  })

  it('takes a request that names what HTTP/2 forbids', async () => {
    const { url, upstream } = await open([step.send({ data: '1' })], true)
    const headers = { connection: 'close, x-hop', 'x-hop': '1', te: 'trailers', 'x-kept': '1' }
    const client = slowClient(url, { headers })
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(upstream.requests[0]?.headers.get('x-kept')).toBe('1')
    expect(upstream.requests[0]?.headers.get('x-hop')).toBeNull()
  })

  it('hears of a client that leaves, and goes on with its other streams', async () => {
    const left = gate()
    const { url, upstream, ended } = await open(
      (request) =>
        request.url === '/leave'
          ? [step.send({ data: '1' }), step.hang()]
          : [step.send({ data: '1' }), step.until(left.opened), step.send({ data: '2' })],
      true,
    )
    const leaving = slowClient(`${url}/leave`)
    await leaving.received(9)
    const staying = slowClient(`${url}/stay`)
    await staying.received(9)
    leaving.leave()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })
    left.open()
    expect(await staying.verdict).toBe('complete')
    expect(staying.text).toBe('data: 1\n\ndata: 2\n\n')
  })

  it('hears of a client that leaves before the headers', async () => {
    const { url, upstream, ended } = await open([step.never()], true)
    const client = slowClient(url, { body: 'prompt' })
    client.head.catch(() => {})
    const request = await upstream.request()
    client.leave()
    await requestClosed(request)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 499 })
  })

  it.each([
    ['resets its stream', step.reset()],
    ['cuts its connection', step.cut()],
  ])('that %s breaks the connection to the client', async (_, how) => {
    const { url, ended } = await open(
      [step.send({ data: '1' }), step.raw('data: ha'), step.wait(20), how],
      true,
    )
    const client = slowClient(url)
    expect(await within('end of the response', client.verdict)).toBe('error')
    expect(await ended()).toMatchObject({ verdict: 'upstream_error', status: 200 })
  })

  it('stops for a client that does not read', async () => {
    const { url, upstream } = await open(function* () {
      for (let n = 0; n < 12 * 1_024; n++) yield step.raw(`data: ${'x'.repeat(1_016)}\n\n`)
    }, true)
    const client = slowClient(url, { paused: true, maxKeptBytes: 0 })
    const request = await upstream.request()
    await client.head
    // Its window is closed for good only when all buffers in between are full; here it is by the end.
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(0))
    client.resume()
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(client.bytesReceived).toBe(12 * 1_048_576)
    expect(request.httpVersion).toBe('2.0')
  })
})

describe('an upstream over TLS', () => {
  it('is spoken to in HTTP/1.1 by default', async () => {
    const { url, upstream } = await open([step.send({ data: '1' })], false, false)
    expect(await (await fetch(url)).text()).toBe('data: 1\n\n')
    expect(upstream.requests[0]?.httpVersion).toBe('1.1')
  })

  it('is spoken to in HTTP/1.1 where it does not offer HTTP/2', async () => {
    const { url, upstream } = await open([step.send({ data: '1' })], true, false)
    expect(await (await fetch(url)).text()).toBe('data: 1\n\n')
    expect(upstream.requests[0]?.httpVersion).toBe('1.1')
  })

  it('that nobody vouches for is a 502', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })], { listen: { tls } })
    const response = await fetch(url)
    expect(response.status).toBe(502)
    expect(await response.text()).not.toMatch(/cert|self/i)
    expect(upstream.requests).toHaveLength(0)
  })
})
