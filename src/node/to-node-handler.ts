import { callHook } from '../base/call-hook.ts'
import { reportError } from '../base/report-error.ts'
import { shown } from '../base/shown.ts'
import { BadRequestError } from './bad-request-error.ts'
import { NodeExchange } from './node-exchange.ts'
import type { NodeRequest, NodeResponse } from './node-message.ts'

/** Options of {@link toNodeHandler}. */
export interface NodeHandlerOptions {
  /**
   * Called with errors of the handler if there is no `next`, and with errors of a body that is being sent.
   *
   * Without it, the former become process warnings, and the latter are visible to the client only.
   * @default none
   */
  onError?: ((error: unknown) => void) | undefined
}

/** A handler for node:http, node:http2's compatibility API and the frameworks on top of them. */
export type NodeHandler = (
  req: NodeRequest,
  res: NodeResponse,
  next?: (error: unknown) => void,
) => Promise<void>

/**
 * Adapts a fetch handler to node:http, Express, Fastify, Koa and node:http2's compatibility API.
 *
 * Sends the response head at once, in one write with what the body has at hand. Restores a body that a parser has read (`express.json()`).
 *
 * - Holds up to 16 KiB and one chunk in Node's write buffer; with HTTP/2 or a replaced `res.write`, up to its high
 *   watermark and one chunk.
 * - Backpressure: stops reading the body until the socket has drained.
 * - Cancel: when the client leaves, `request.signal` aborts and the body, if any, is cancelled at once.
 * - Error of the handler: passed to `next`, or a 500 without details. Error of the body: closes the connection
 *   (HTTP/2: resets the stream), so that the response does not look complete.
 *
 * The promise resolves when the exchange is over and never rejects.
 *
 * @throws TypeError if the handler is not a function
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
