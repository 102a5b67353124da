import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '../node.ts'

/** A listening server. */
export interface Listener {
  /** Scheme, host and port. */
  readonly url: string
  /**
   * Stops listening, waits up to `graceMs` milliseconds for running responses to end, then closes every connection:
   * one that a browser has opened in advance would stay open for minutes.
   */
  close(graceMs: number): Promise<void>
}

/**
 * Serves a fetch-style handler with node:http.
 *
 * @throws the system's error, with its `code`, if it cannot listen
 */
export async function listen(
  handler: (request: Request) => Response | Promise<Response>,
  port: number,
  host: string,
): Promise<Listener> {
  const exchanges = new Set<Promise<void>>()
  const handle = toNodeHandler(handler)
  const server = createServer((req, res) => {
    const exchange = handle(req, res)
    exchanges.add(exchange)
    void exchange.then(() => exchanges.delete(exchange))
  })
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
    close: async (graceMs) => {
      const closed = new Promise((resolve) => server.close(resolve))
      let timer: ReturnType<typeof setTimeout> | undefined
      const grace = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs)
      })
      await Promise.race([Promise.all(exchanges), grace])
      clearTimeout(timer)
      server.closeAllConnections()
      await closed
    },
  }
}
