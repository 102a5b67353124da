import type { AddressInfo, Server, Socket } from 'node:net'
import { answerNode } from './answer-node.ts'
import type { NodeExchange, NodeIncoming, NodeOutgoing } from './node-exchange.ts'

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
