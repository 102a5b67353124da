import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import Koa from 'koa'
import { type NodeHandler, type NodeHandlerOptions, toNodeHandler } from 'sse-stream-kit/node'
import { within } from '../within.ts'

export type FetchHandler = (request: Request) => Response | Promise<Response>

/** A server with a handler mounted as in its documentation. */
export interface Host {
  readonly port: number
  /** The server's open sockets. */
  readonly sockets: ReadonlySet<Socket>
  /** The promises that the node handler has returned, one per request. */
  readonly exchanges: readonly Promise<void>[]
  /** Resolves when all of them have resolved. */
  ended(): Promise<void>
  close(): Promise<void>
}

export async function serverHost(server: Server, exchanges: Promise<void>[] = []): Promise<Host> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    if (server.listening) resolve()
    else server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    exchanges,
    ended: async () => {
      await within('end of every exchange of the node handler', Promise.all(exchanges))
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function recorded(
  handler: FetchHandler,
  options?: NodeHandlerOptions,
): [NodeHandler, Promise<void>[]] {
  const exchanges: Promise<void>[] = []
  const handle = toNodeHandler(handler, options)
  const record: NodeHandler = (req, res, next) => {
    const exchange = handle(req, res, next)
    exchanges.push(exchange)
    return exchange
  }
  return [record, exchanges]
}

export async function nodeHost(handler: FetchHandler, options?: NodeHandlerOptions): Promise<Host> {
  const [handle, exchanges] = recorded(handler, options)
  return await serverHost(
    createServer((req, res) => void handle(req, res)),
    exchanges,
  )
}

export async function expressHost(handler: FetchHandler): Promise<Host> {
  const [handle, exchanges] = recorded(handler)
  const app = express()
  app.use(express.json(), express.urlencoded(), express.text(), express.raw({ type: 'image/*' }))
  app.all('/{*splat}', handle)
  const onError: express.ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(error.status ?? 500).send(`handled by next: ${error.message}`)
  }
  app.use(onError)
  return await serverHost(createServer(app), exchanges)
}

export async function fastifyHost(handler: FetchHandler): Promise<Host> {
  const [handle, exchanges] = recorded(handler)
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', (request, reply) => {
    reply.hijack()
    return handle(request.raw, reply.raw)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return await serverHost(app.server as Server, exchanges)
}

export async function koaHost(handler: FetchHandler): Promise<Host> {
  const [handle, exchanges] = recorded(handler)
  const app = new Koa()
  // Koa prints connections that clients reset.
  app.silent = true
  app.use((ctx) => {
    ctx.respond = false
    return handle(ctx.req, ctx.res)
  })
  return await serverHost(createServer(app.callback()), exchanges)
}

export const HOSTS: [string, (handler: FetchHandler) => Promise<Host>][] = [
  ['node:http', nodeHost],
  ['Express 5', expressHost],
  ['Fastify 5', fastifyHost],
  ['Koa 3', koaHost],
]
