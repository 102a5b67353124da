import { constants } from 'node:http2'
import type { NodeResponse } from './node-message.ts'

/**
 * Ends a response so that its client sees that it is not whole: HTTP/1 without the last chunk, HTTP/2 by a reset.
 *
 * What was written before goes out first, as far as the connection takes it at once.
 */
export function breakResponse(res: NodeResponse): void {
  // Node corks what is written in one turn until the next tick; destroyed in this one it would be lost.
  process.nextTick(breakNow, res)
}

function breakNow(res: NodeResponse): void {
  if ('stream' in res) {
    res.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    return
  }
  const { socket } = res
  const isFramed = res.chunkedEncoding || res.hasHeader('content-length')
  // To HTTP/1.0 the end of the connection is the end of the body: only a reset is no clean end.
  if (!isFramed && socket && !('encrypted' in socket)) socket.resetAndDestroy()
  // Without the reason: Node would show it to `clientError` listeners as the client's fault.
  else res.destroy()
}
