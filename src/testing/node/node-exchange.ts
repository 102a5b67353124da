import type { Socket } from 'node:net'
import type { NodeRequest, NodeResponse } from '../../node/node-message.ts'

/** A request, its response, and the TCP socket below them, which TLS and HTTP/2 hide. */
export interface NodeExchange {
  req: NodeRequest
  res: NodeResponse
  socket: Socket
}
