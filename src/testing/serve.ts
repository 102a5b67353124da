import type { AddressInfo, Server, Socket } from 'node:net'
import { answerNode, toHeaders } from './answer-node.ts'
import type { ClientRequest } from './client-request.ts'
import type { ZlibCoder } from './flushed-coder.ts'
import type { NodeExchange, NodeIncoming, NodeOutgoing } from './node-exchange.ts'
import type { BodyCoding } from './step.ts'

/** How a server of a test is spoken to. */
export interface ServeOptions {
  /** Serve over TLS. @default false */
  tls?: { key: string; cert: string } | undefined
  /** Speak HTTP/2 only; wants `tls`. @default false */
  http2?: boolean | undefined
}

/** A server on a port of its own. */
export interface TestServer {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  /** How many connections are open now. */
  readonly connections: number
  /** Stops listening and breaks every connection; resolves when all of them are gone. */
  close(): Promise<void>
}

/**
 * Serves a fetch-style handler over a real loopback socket, on a port that the system picks.
 *
 * The head leaves at once, before the first byte of the body; a body that errors breaks the connection, so
 * that a client can tell it from one that ended; `request.signal` aborts when the client leaves.
 *
 * - Holds no body: a chunk is read when the socket has taken the one before.
 * - Backpressure: stops reading the response's body until the socket drains, and the request's until it is read.
 * - Cancel: a client that leaves cancels the response's body, also before the handler has answered.
 * - Error: a handler that throws is a 500 without details, and is reported as an error of a hook.
 *
 * Needs `node:http`: Node, Bun or Deno.
 *
 * @throws TypeError for `http2` without `tls`
 *
 * @example Try a handler with a real client
 * ```ts
 * import { serve } from 'sse-stream-kit/testing'
 *
 * const server = await serve((request) => new Response(`data: ${new URL(request.url).pathname}\n\n`))
 * console.log(await (await fetch(`${server.url}/hello`)).text())
 * await server.close()
 * ```
 */
export async function serve(
  handler: (request: Request) => Response | Promise<Response>,
  options: ServeOptions = {},
): Promise<TestServer> {
  return await serveRaw((exchange) => void answerNode(handler, exchange), options)
}

/** The same for a listener of Node's own request and response. */
export async function serveRaw(
  listener: (exchange: NodeExchange) => void,
  { tls, http2 = false }: ServeOptions,
): Promise<TestServer> {
  if (http2 && tls === undefined) {
    throw new TypeError('Cannot serve HTTP/2 as it needs tls: current value is undefined')
  }
  // By port of the client: HTTP/2 and TLS hide the TCP socket, and a reset needs it.
  const sockets = new Map<number | undefined, Socket>()
  const onRequest: RequestListener = (incoming, outgoing) => {
    const socket = sockets.get(incoming.socket.remotePort)
    if (socket !== undefined) listener({ incoming, outgoing, socket })
  }
  const server = await createServer(onRequest, tls, http2)
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort
    sockets.set(port, socket)
    socket.on('close', () => sockets.delete(port))
    // What breaks a connection is seen where the response closes; without a listener it would be uncaught.
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`,
    get connections() {
      return sockets.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets.values()) socket.destroy()
      }),
  }
}

type RequestListener = (
  incoming: NodeIncoming & { socket: { remotePort?: number | undefined } },
  outgoing: NodeOutgoing,
) => void

/** Loaded where the first server starts: the door must load where there is no `node:http`. */
async function createServer(
  onRequest: RequestListener,
  tls: ServeOptions['tls'],
  http2: boolean,
): Promise<Server> {
  if (http2) return (await import('node:http2')).createSecureServer({ ...tls }, onRequest)
  // A test may keep a request or a connection open as long as it wants to.
  const patient = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 }
  if (tls !== undefined) {
    return (await import('node:https')).createServer({ ...tls, ...patient }, onRequest)
  }
  return (await import('node:http')).createServer(patient, onRequest)
}

/** A request that was sent over a connection of its own, and its answer. */
export interface RawExchange {
  response: Promise<{
    status: number
    headers: Headers
    chunks: AsyncIterator<Uint8Array, undefined>
  }>
  destroy(): void
}

/** Sends one request; its body is read from the socket only as far as it is asked for. */
export async function requestRaw(
  url: URL,
  { headers = {}, body, method = body === undefined ? 'GET' : 'POST', ca }: ClientRequest,
): Promise<RawExchange> {
  const isSecure = url.protocol === 'https:'
  const { request } = isSecure ? await import('node:https') : await import('node:http')
  const options = { method, headers, agent: false as const, ...(ca !== undefined && { ca }) }
  const outgoing = request(url, options)
  const response = new Promise<Awaited<RawExchange['response']>>((resolve, reject) => {
    // Stays on: an answer that breaks later is told by its own stream, and by this event once more.
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const chunks: AsyncIterator<Uint8Array, undefined> = incoming[Symbol.asyncIterator]()
      resolve({ status: incoming.statusCode ?? 0, headers: toHeaders(incoming), chunks })
    })
  })
  outgoing.end(body)
  return { response, destroy: () => void outgoing.destroy() }
}

/** Starts a coder; zstd is there from Node 22.15 on. */
export async function createCoder(coding: BodyCoding): Promise<ZlibCoder> {
  const zlib: ZlibMakers = await import('node:zlib')
  const make = {
    gzip: zlib.createGzip,
    deflate: zlib.createDeflate,
    br: zlib.createBrotliCompress,
    zstd: zlib.createZstdCompress,
  }[coding]
  if (make === undefined) {
    throw new TypeError(`Cannot code the body as this runtime has no "${coding}"`)
  }
  return make()
}

interface ZlibMakers {
  createGzip(): ZlibCoder
  createDeflate(): ZlibCoder
  createBrotliCompress(): ZlibCoder
  createZstdCompress?(): ZlibCoder
}
