import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '../node.ts'

/** A server that listens. */
export interface Listener {
  /** Scheme, host and port. */
  readonly url: string
  /** Takes no new connections, and resolves when the last one is gone; they are cut after `graceMs`. */
  close(graceMs: number): Promise<void>
}

/**
 * Serves a fetch-style handler with node:http.
 *
 * @throws what the system says when it cannot listen, with its `code`
 */
export async function listen(
  handler: (request: Request) => Response | Promise<Response>,
  port: number,
  host: string,
): Promise<Listener> {
  const server = createServer(toNodeHandler(handler))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { address, family, port: listened } = server.address() as AddressInfo
  const name = family === 'IPv6' ? `[${address}]` : address
  return {
    url: `http://${name}:${listened}`,
    close: (graceMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs)
        server.close(() => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
}
