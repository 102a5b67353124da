import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request of node:http or of node:http2's compatibility API, with the properties that middleware may add. */
export type NodeRequest = (IncomingMessage | Http2ServerRequest) & {
  /** The body as parsed by a body parser. */
  body?: unknown
  /** The bytes of a body that has been read, if the host keeps them. */
  rawBody?: unknown
}

/** The response to it. */
export type NodeResponse = ServerResponse | Http2ServerResponse
