import { once } from 'node:events'
import { createSecureServer, connect as http2Connect } from 'node:http2'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { toNodeHandler } from 'sse-stream-kit/node'
import { describe, expect, it } from 'vitest'
import { ask } from '../support/http/raw-client.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { deferred, endlessBody, manualBody } from './manual-body.ts'

const { key, cert } = await loopbackCertificate()

describe('over TLS', () => {
  const start = async (body: ReadableStream<Uint8Array>) => {
    const urls: string[] = []
    const handle = toNodeHandler((request) => {
      urls.push(request.url)
      return new Response(body)
    })
    const server = createServer({ key, cert }, (req, res) => void handle(req, res))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: cert })
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    let text = ''
    const head = deferred<void>()
    socket.on('data', (chunk: string) => {
      text += chunk
      if (text.includes('\r\n\r\n')) head.resolve()
    })
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(ask('/x', 'GET', '1.1'))
    await head.promise
    return { server, socket, closed, urls, text: () => text }
  }

  it('has an https URL, and breaks after all earlier bytes', async () => {
    const body = manualBody()
    const { server, closed, urls, text } = await start(body.stream)
    expect(urls).toEqual(['https://test/x'])
    body.send('data: 1\n\n')
    body.fail(new Error('cut'))
    await closed
    // A stream that errors drops what is queued in it, but not what was written.
    expect(text()).not.toMatch(/\r\n0\r\n/)
    server.close()
  })

  it('cancels the body when a client that reads nothing leaves', async () => {
    const body = endlessBody()
    const { server, socket } = await start(body.stream)
    socket.pause()
    await body.idle()
    expect(body.bytes).toBeLessThan(16_000_000)
    socket.destroy()
    expect(await body.cancelled).toMatchObject({ name: 'AbortError' })
    server.close()
  })

  it('has an https URL with HTTP/2 too', async () => {
    const handle = toNodeHandler((request) => new Response(request.url.replace(/:\d+/, '')))
    const server = createSecureServer({ key, cert }, (req, res) => void handle(req, res))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const session = http2Connect(`https://127.0.0.1:${port}`, { ca: cert })
    const stream = session.request({ ':path': '/y' })
    stream.setEncoding('utf8')
    let text = ''
    for await (const chunk of stream) text += chunk
    expect(text).toBe('https://127.0.0.1/y')
    session.close()
    server.close()
  })
})
