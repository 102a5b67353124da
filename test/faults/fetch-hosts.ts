import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { getRequestListener, serve as serveHono } from '@hono/node-server'
import Fastify from 'fastify'
import { H3, serve as serveH3 } from 'h3'
import { Hono } from 'hono'
import type { FetchHandler } from '../support/http/hosts.ts'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

/** A server of somebody else's that reads the body of a `Response` by itself. */
export interface FetchHost {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

async function honoHost(handler: FetchHandler): Promise<FetchHost> {
  const app = new Hono()
  app.all('/*', (context) => handler(context.req.raw))
  return await listening(
    serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server,
    'http',
  )
}

async function honoHttp2Host(handler: FetchHandler): Promise<FetchHost> {
  const app = new Hono()
  app.all('/*', (context) => handler(context.req.raw))
  const tls = await loopbackCertificate()
  const server = createSecureServer(tls, getRequestListener(app.fetch))
  return await listening(server.listen(0, '127.0.0.1'), 'https')
}

async function h3Host(handler: FetchHandler): Promise<FetchHost> {
  const app = new H3()
  app.all('/**', (event) => handler(event.req))
  const server = serveH3(app, { port: 0, hostname: '127.0.0.1', silent: true })
  await server.ready()
  return { url: (server.url ?? '').replace(/\/$/, ''), close: () => server.close(true) }
}

/** Fastify that is given a `Response`, and not its own request and reply. */
async function fastifyHost(handler: FetchHandler): Promise<FetchHost> {
  const app = Fastify({ forceCloseConnections: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', (request) => {
    const { method } = request
    const hasBody = method !== 'GET' && method !== 'HEAD'
    return handler(
      new Request(`http://${request.host}${request.url}`, {
        method,
        ...(hasBody && { body: request.raw as unknown as BodyInit, duplex: 'half' }),
      }),
    )
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return { url, close: () => app.close() }
}

async function listening(server: Server, scheme: string): Promise<FetchHost> {
  if (!server.listening) await new Promise<void>((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

export const FETCH_HOSTS: [string, (handler: FetchHandler) => Promise<FetchHost>][] = [
  ['Hono', honoHost],
  ['Hono over HTTP/2', honoHttp2Host],
  ['h3', h3Host],
  ['Fastify, given a Response', fastifyHost],
]
