import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { NodeRequest, NodeResponse } from '../../node/node-message.ts'
import type { ServeOptions, TestServer } from '../test-server.ts'
import type { NodeExchange } from './node-exchange.ts'

/** Without time limits: a test may keep a request or a connection open for as long as it runs. */
const LIMITS = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 } as const

/** Starts a server on a free loopback port. */
export async function startServer(
  listener: (exchange: NodeExchange) => void,
  { tls, http2 = false }: ServeOptions,
): Promise<TestServer> {
  // By the client's port: TLS and HTTP/2 hide the TCP socket, which a reset needs.
  const sockets = new Map<number | undefined, Socket>()
  const onRequest = (req: NodeRequest, res: NodeResponse): void => {
    const socket = sockets.get(req.socket.remotePort)
    if (socket !== undefined) listener({ req, res, socket })
  }
  const server = makeServer(onRequest, tls, http2)
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort
    sockets.set(port, socket)
    socket.on('close', () => sockets.delete(port))
    // A broken connection is noticed by its response's `close`; without a listener the error would be uncaught.
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

function makeServer(
  onRequest: (req: NodeRequest, res: NodeResponse) => void,
  tls: ServeOptions['tls'],
  http2: boolean,
): Server {
  if (http2 && tls === undefined) {
    throw new TypeError(
      'tls must be given where http2 is true: got undefined. Set tls to a certificate and its key',
    )
  }
  if (tls === undefined) return createServer(LIMITS, onRequest)
  return http2
    ? createSecureServer({ ...tls }, onRequest)
    : createTlsServer({ ...tls, ...LIMITS }, onRequest)
}
