import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gate, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { rawRequest } from '../support/http/raw-request.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'

describe('a request', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'keeps its method %s',
    async (method) => {
      const { url, upstream } = await openProxy([step.send({ data: '1' })])
      await (await fetch(url, { method })).text()
      expect(upstream.requests[0]?.method).toBe(method)
    },
  )

  it('brings its body upstream byte for byte', async () => {
    const { url, upstream } = await openProxy([
      step.until((request) => request.body),
      step.send({ data: '1' }),
    ])
    const body = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256)
    const headers = { 'content-type': 'application/octet-stream' }
    await (await fetch(url, { method: 'POST', body, headers })).text()
    const sent = await upstream.requests[0]?.body
    expect(Buffer.compare(sent ?? new Uint8Array(), body)).toBe(0)
    expect(upstream.requests[0]?.headers.get('content-type')).toBe('application/octet-stream')
  })

  it.each([
    ['the pool', {}, []],
    ['a fetch', { fetch }, ['accept', 'accept-language', 'sec-fetch-mode', 'user-agent']],
  ])('has no headers but its own and those of the connection: %s', async (_, options, added) => {
    const { send, upstreams } = await severalUpstreams([[step.raw('data: 1\n\n')]], options)
    await (await send({ method: 'GET', body: null, headers: { 'x-a': '1' } })).text()
    const names = [...(upstreams[0]?.requests[0]?.headers.keys() ?? [])]
    expect(names.sort()).toEqual(['accept-encoding', 'connection', 'host', 'x-a', ...added].sort())
  })

  it('does not claim a body that it does not bring', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })])
    for (const method of ['GET', 'DELETE', 'POST']) {
      const length = method === 'GET' ? 5 : 0
      await rawRequest(
        url,
        `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`,
      )
    }
    expect(upstream.requests.map(({ headers }) => headers.get('content-length') ?? '0')).toEqual([
      '0',
      '0',
      '0',
    ])
    expect(await Promise.all(upstream.requests.map((request) => request.text()))).toEqual([
      '',
      '',
      '',
    ])
  })

  it('streams: its first chunk is upstream before the last one is sent', async () => {
    const { url, upstream } = await openProxy([step.send({ data: '1' })])
    const client = httpRequest(url, { method: 'POST', agent: false })
    client.on('response', (response) => response.resume())
    client.write('first ')
    const request = await upstream.request()
    client.end('last')
    expect(await request.text()).toBe('first last')
  })

  it('may be answered before it has ended, and go on meanwhile', async () => {
    const wantsMore = gate()
    const { url, upstream, ended } = await openProxy([
      step.send({ data: 'early' }),
      step.until((request) => request.body),
      step.send({ data: 'late' }),
    ])
    const client = httpRequest(url, { method: 'POST', agent: false })
    const answered = new Promise<string>((resolve) => {
      client.on('response', async (response) => {
        let text = ''
        for await (const chunk of response) {
          text += chunk
          wantsMore.open()
        }
        resolve(text)
      })
    })
    client.write('prompt, ')
    await wantsMore.opened
    client.end('and more')
    expect(await answered).toBe('data: early\n\ndata: late\n\n')
    expect(await upstream.requests[0]?.text()).toBe('prompt, and more')
    expect((await ended()).verdict).toBe('complete')
  })

  it('that breaks off in its body ends upstream, as a client that has gone', async () => {
    const { url, upstream, ended } = await openProxy([
      step.until((request) => request.body),
      step.send({ data: '1' }),
    ])
    const client = httpRequest(url, { method: 'POST', agent: false })
    client.on('error', () => {})
    client.write('half of ')
    const request = await upstream.request()
    client.destroy()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 499 })
  })

  it('is not sent on to where a redirect points', async () => {
    let visits = 0
    const other = createServer((_, res) => {
      visits++
      res.end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/stolen`
    for (const status of [301, 302, 303, 307, 308]) {
      const { url } = await openProxy([step.status(status, { location }), step.end()], {
        headers: { authorization: 'Bearer own' },
      })
      const init = { method: 'POST', body: 'prompt', redirect: 'manual' as const }
      const response = await fetch(url, init)
      expect(response.status).toBe(status)
      expect(response.headers.get('location')).toBe(location)
      await response.body?.cancel()
    }
    expect(visits).toBe(0)
  })
})
