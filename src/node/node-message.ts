import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request as node:http or the compatibility API of node:http2 gives it, and what middleware may have left on it. */
export type NodeRequest = (IncomingMessage | Http2ServerRequest) & {
  /** What a body parser made of the body. */
  body?: unknown
  /** The bytes of a body that was read already, where a host keeps them. */
  rawBody?: unknown
}

/** The answer to it. */
export type NodeResponse = ServerResponse | Http2ServerResponse
