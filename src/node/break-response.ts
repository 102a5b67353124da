import type { NodeResponse } from './node-message.ts'

/** How long what was written before may take to go out; a client that reads nothing must not hold the break up. */
const FLUSH_MS = 1_000

/**
 * Ends a response so that its client sees that it is not whole: HTTP/1 without the last chunk, HTTP/2 by a reset.
 *
 * What was written before goes out first, if the client takes it within a second.
 */
export function breakResponse(res: NodeResponse): void {
  let hasBroken = false
  const breakOnce = (): void => {
    if (hasBroken) return
    hasBroken = true
    clearTimeout(timer)
    breakNow(res)
  }
  const timer = setTimeout(breakOnce, FLUSH_MS)
  // Destroyed at once, a response loses what Node has not handed to the system: HTTP/2 hands over one write a turn.
  const sink: { write(chunk: Uint8Array, onWritten: () => void): boolean } = res
  // HTTP/2 calls back inside nghttp2's send loop. A stream that closes there ends the process: Node fails its
  // assertion `!this->is_destroyed()` in `Http2Stream::OnTrailers`.
  sink.write(new Uint8Array(0), () => setImmediate(breakOnce))
}

function breakNow(res: NodeResponse): void {
  if ('stream' in res) {
    // Not `close()`: it ends the stream before the reset, so a client can receive a clean end. The error makes
    // the code INTERNAL_ERROR; Node's compatibility API handles the event.
    res.stream.destroy(new Error('The response was broken off'))
    return
  }
  const { socket } = res
  const isFramed = res.chunkedEncoding || res.hasHeader('content-length')
  // To HTTP/1.0 the end of the connection is the end of the body: only a reset is no clean end.
  if (!isFramed && socket && !('encrypted' in socket)) socket.resetAndDestroy()
  // Without the reason: Node would show it to `clientError` listeners as the client's fault.
  else res.destroy()
}
