import type { ServeOptions, TestServer } from './test-server.ts'

/**
 * Serves a fetch-style handler over a real loopback socket, on a port that the system picks.
 *
 * The server is `node:http` (or `node:https`, `node:http2`) with `toNodeHandler` of `sse-stream-kit/node`: the head is
 * sent at once, before the first byte of the body, and `request.signal` aborts when the client disconnects.
 *
 * - Holds what Node buffers for the socket, and one chunk.
 * - Backpressure: stops reading the response's body until the socket drains, and the request's until the handler reads it.
 * - Cancel: a client that disconnects cancels the response's body, also one that the handler returns afterwards.
 * - Error: a handler that throws is answered with a 500 without details, and a process warning shows the error. A body
 *   that errors breaks the connection (HTTP/2: resets the stream), so the client cannot take it for complete.
 *
 * Needs Node's server modules: Node, Bun or Deno.
 *
 * @throws TypeError, by rejection, for `http2` without `tls`, and for a handler that is not a function
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
  // Imported here, so that the entry point loads in runtimes without `node:http`.
  const { serveHandler } = await import('./node/serve-handler.ts')
  return await serveHandler(handler, options)
}
