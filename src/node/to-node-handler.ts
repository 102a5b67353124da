import { callHook } from '../base/call-hook.ts'
import { reportError } from '../base/report-error.ts'
import { shown } from '../base/shown.ts'
import { BadRequestError } from './bad-request-error.ts'
import { NodeExchange } from './node-exchange.ts'
import type { NodeRequest, NodeResponse } from './node-message.ts'

/** What `toNodeHandler` can be told. */
export interface NodeHandlerOptions {
  /**
   * Told what a handler threw where there is no `next` to tell, and what broke a body that was being sent.
   *
   * Without it the former becomes a process warning, and the latter is seen by the client only.
   */
  onError?: ((error: unknown) => void) | undefined
}

/** A handler as node:http, node:http2's compatibility API and the frameworks on top of them call it. */
export type NodeHandler = (
  req: NodeRequest,
  res: NodeResponse,
  next?: (error: unknown) => void,
) => Promise<void>

/**
 * Lets a fetch-style handler answer for node:http, Express, Fastify, Koa and node:http2's compatibility API.
 *
 * The head leaves before the first byte of the body; a body that a parser has read (`express.json()`) is rebuilt.
 *
 * - Holds what the socket has not taken: Node's own buffer and one chunk.
 * - Backpressure: the body is read no further until the client has taken what was written.
 * - Cancel: when the client leaves, `request.signal` aborts and the body is cancelled at once, also before there is one.
 * - Error of the handler: goes to `next`, or becomes a 500 without details; of the body: the connection breaks
 *   (HTTP/2: the stream is reset), so that no client takes the answer for whole.
 *
 * The promise resolves when the exchange is over and never rejects.
 *
 * @throws TypeError if the handler is no function
 *
 * @example Serve a stream of events with node:http
 * ```ts
 * import { createServer } from 'node:http'
 * import { toNodeHandler } from 'sse-stream-kit/node'
 *
 * const server = createServer(
 *   toNodeHandler(() => new Response('data: hello\n\n', { headers: { 'content-type': 'text/event-stream' } })),
 * )
 * await new Promise<void>((resolve) => server.listen(0, resolve))
 * server.close()
 * ```
 */
export function toNodeHandler(
  handler: (request: Request) => Response | Promise<Response>,
  { onError }: NodeHandlerOptions = {},
): NodeHandler {
  if (typeof handler !== 'function') {
    throw new TypeError(`handler must be a function: got ${shown(handler)}`)
  }
  return (req, res, next) => {
    const exchange = new NodeExchange(req, res, {
      failed: (error) => {
        if (next) callHook('next', () => next(error))
        else if (onError) callHook('onError', () => onError(error))
        else if (!(error instanceof BadRequestError)) {
          reportError('A handler threw, and its client was sent a 500', error, 'SSE_HANDLER')
        }
        return next !== undefined
      },
      broke: (error) => {
        if (onError) callHook('onError', () => onError(error))
      },
    })
    exchange.run(handler)
    return exchange.done
  }
}
