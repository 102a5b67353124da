import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { gate, serve, streamOf, type TestServer } from 'sse-stream-kit/testing'
import * as undici from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { standstill } from '../support/standstill.ts'

const servers: TestServer[] = []
const start = async (...args: Parameters<typeof serve>): Promise<TestServer> => {
  const server = await serve(...args)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** A connection of which all bytes are seen. */
function open(server: TestServer, request: string): Socket {
  const url = new URL(server.url)
  const socket = connect(Number(url.port), url.hostname)
  socket.write(request)
  return socket
}
const GET = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'

describe('serve', () => {
  it('passes method, URL, headers and body to the handler', async () => {
    const server = await start(async (request) =>
      Response.json({
        method: request.method,
        url: request.url,
        key: request.headers.get('x-key'),
        body: await request.text(),
      }),
    )
    const response = await fetch(`${server.url}/a/b?c=d`, {
      method: 'POST',
      body: 'größer',
      headers: { 'x-key': '1' },
    })
    expect(await response.json()).toEqual({
      method: 'POST',
      url: `${server.url}/a/b?c=d`,
      key: '1',
      body: 'größer',
    })
  })

  it('sends status, headers, several cookies and body', async () => {
    const headers = new Headers({ 'x-a': 'b' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    const server = await start(() => new Response('body', { status: 418, headers }))
    const response = await fetch(server.url)
    expect(response.status).toBe(418)
    expect(response.headers.get('x-a')).toBe('b')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(await response.text()).toBe('body')
  })

  it('sends the head before the first byte of the body', async () => {
    const server = await start(() => new Response(streamOf([{ waitMs: Infinity }])))
    const response = await fetch(server.url)
    expect(response.status).toBe(200)
    await response.body?.cancel()
  })

  it('breaks the connection when the body errors', async () => {
    const seen = gate()
    const server = await start(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
        pull: async (controller) => {
          await seen.opened
          controller.error(new Error('broken'))
        },
      })
      return new Response(body)
    })
    const socket = open(server, GET)
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
      if (text.includes('half')) seen.open()
    })
    socket.on('error', () => {})
    await once(socket, 'close')
    expect(text).toContain('half')
    expect(text).not.toContain('0\r\n\r\n')
  })

  it('cancels the body and aborts the signal when the client disconnects', async () => {
    const body = streamOf(['1', { waitMs: Infinity }])
    let signal: AbortSignal | undefined
    const server = await start((request) => {
      signal = request.signal
      return new Response(body)
    })
    const response = await fetch(server.url)
    await response.body?.cancel()
    expect(await body.verdict).toBe('cancelled')
    expect(signal?.aborted).toBe(true)
  })

  it('cancels the body of a response returned after the client has disconnected', async () => {
    const body = streamOf(['1', { waitMs: Infinity }])
    const asked = gate()
    const server = await start(async (request) => {
      asked.open()
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return new Response(body)
    })
    const socket = open(server, GET)
    await asked.opened
    socket.destroy()
    expect(await body.verdict).toBe('cancelled')
  })

  it('reads the body no faster than the client does', async () => {
    const chunk = new Uint8Array(1_048_576)
    const body = streamOf(
      (function* () {
        for (;;) yield chunk
      })(),
    )
    const server = await start(() => new Response(body))
    const socket = open(server, GET)
    socket.pause()
    await standstill(
      () => body.pulls,
      () => body.pulls > 0,
    )
    expect(body.bytesSent).toBeLessThan(50_000_000)
    socket.destroy()
    expect(await body.verdict).toBe('cancelled')
  })

  it('sends no body to HEAD, and cancels it', async () => {
    const body = streamOf(['1', { waitMs: Infinity }])
    const server = await start(() => new Response(body))
    const response = await fetch(server.url, { method: 'HEAD' })
    expect(await response.text()).toBe('')
    expect(await body.verdict).toBe('cancelled')
  })

  it('sends a 500 without details for a handler that throws, and warns with the error', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const server = await start(() => {
      throw new Error('secret')
    })
    const response = await fetch(server.url)
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect((await warned).cause).toMatchObject({ message: 'secret' })
  })

  it('does not warn of a handler that throws after its client has disconnected', async () => {
    const warnings: unknown[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning.cause)
    process.on('warning', onWarning)
    const asked = gate()
    const gaveUp = gate()
    const server = await start(async ({ signal }) => {
      asked.open()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      gaveUp.open()
      throw signal.reason
    })
    const socket = open(server, GET)
    await asked.opened
    socket.destroy()
    await gaveUp.opened
    await server.close()
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('reads the request body only as far as the handler does', async () => {
    let sent = 0
    const first = gate()
    const server = await start(async (request) => {
      const reader = (request.body as ReadableStream<Uint8Array>).getReader()
      await reader.read()
      first.open()
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve))
      return new Response()
    })
    const leave = new AbortController()
    const body = new ReadableStream({
      pull: (controller) => {
        // undici goes on pulling after an abort, without ever waiting.
        if (leave.signal.aborted) return controller.close()
        sent += 1_048_576
        controller.enqueue(new Uint8Array(1_048_576))
      },
    })
    const answer = undici.fetch(server.url, {
      method: 'POST',
      body,
      duplex: 'half',
      signal: leave.signal,
    })
    await first.opened
    await standstill(() => sent)
    expect(sent).toBeLessThan(25_000_000)
    leave.abort()
    await expect(answer).rejects.toThrow()
  })

  it('breaks every connection when it closes, and counts them', async () => {
    const server = await serve(() => new Response(streamOf([{ waitMs: Infinity }])))
    const response = await fetch(server.url)
    expect(server.connections).toBe(1)
    const text = response.text()
    await Promise.all([server.close(), expect(text).rejects.toThrow('terminated')])
    expect(server.connections).toBe(0)
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })

  it.each([false, true])('serves over TLS, HTTP/2: %s', async (http2) => {
    const tls = await loopbackCertificate()
    const bodies = [streamOf(['data: 1\n\n']), streamOf(['data: 2\n\n', { waitMs: Infinity }])]
    const urls: string[] = []
    const server = await start(
      async (request) => {
        urls.push(request.url + (await request.text()))
        return new Response(bodies[urls.length - 1])
      },
      { tls, http2 },
    )
    const dispatcher = new undici.Agent({ connect: { ca: tls.cert }, allowH2: http2 })
    const ask = (): Promise<undici.Response> =>
      undici.fetch(`${server.url}/a`, { method: 'POST', body: '!', dispatcher })
    expect(await (await ask()).text()).toBe('data: 1\n\n')
    await (await ask()).body?.cancel()
    expect(await bodies[1]?.verdict).toBe('cancelled')
    expect(urls).toEqual([`${server.url}/a!`, `${server.url}/a!`])
    await dispatcher.destroy()
  })

  it('resets the HTTP/2 stream when the body errors, and keeps the connection', async () => {
    const tls = await loopbackCertificate()
    const server = await start(
      () => new Response(streamOf(['1', { error: new Error('broken') }])),
      {
        tls,
        http2: true,
      },
    )
    const dispatcher = new undici.Agent({ connect: { ca: tls.cert }, allowH2: true })
    const answer = undici.fetch(server.url, { dispatcher }).then((response) => response.text())
    await expect(answer).rejects.toThrow()
    expect(server.connections).toBe(1)
    await dispatcher.destroy()
  })

  it('refuses HTTP/2 without a certificate', async () => {
    await expect(serve(() => new Response(), { http2: true })).rejects.toThrow(/\btls\b/)
  })
})
