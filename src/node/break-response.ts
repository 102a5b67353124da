import type { NodeResponse } from './node-message.ts'

/** How long a client may take to receive what was written; one that reads nothing must not delay the break. */
const FLUSH_MS = 1_000

/** What a break needs of a response or its stream; node:http and node:http2 declare it in ways that do not overlap. */
interface Sink {
  write(chunk: Uint8Array, onWritten: () => void): boolean
}

interface Watched {
  once(event: 'aborted' | 'close', listener: () => void): unknown
}

/**
 * Ends a response so that its client sees that it is not whole: HTTP/1 without the last chunk, HTTP/2 by a reset.
 *
 * - What was written before goes out first, if the client takes it within a second.
 * - HTTP/2 is reset a second after the last bytes left Node. A reset makes clients discard what they have
 *   received and their application has not read, and no frame tells a server how much that is.
 * - Breaks at once when the client leaves meanwhile. No timer is left then.
 *
 * @param sentAt - when the last bytes left Node, on the clock of `performance.now()`; `-Infinity` before any, and
 * with HTTP/1. Called after what was written has gone out.
 */
export function breakResponse(res: NodeResponse, sentAt: () => number): void {
  let hasBroken = false
  const stop = (): void => {
    hasBroken = true
    clearTimeout(timer)
  }
  const breakOnce = (): void => {
    if (hasBroken) return
    stop()
    breakNow(res)
  }
  // HTTP/2 calls back inside nghttp2's send loop. A stream that closes there ends the process: Node fails its
  // assertion `!this->is_destroyed()` in `Http2Stream::OnTrailers`.
  const breakSoon = (): void => void setImmediate(breakOnce)
  let timer = setTimeout(breakOnce, FLUSH_MS)
  const watched: Watched = 'stream' in res ? res.stream : res
  watched.once('close', stop)
  // A stream that its client has reset with NO_ERROR does not close while writes wait in it.
  watched.once('aborted', breakSoon)
  // Destroyed at once, a response loses what Node has not handed to the system: HTTP/2 hands over one write a turn.
  const sink: Sink = res
  sink.write(new Uint8Array(0), () => {
    if (hasBroken) return
    const waitMs = sentAt() + FLUSH_MS - performance.now()
    if (waitMs <= 0) {
      breakSoon()
      return
    }
    clearTimeout(timer)
    timer = setTimeout(breakOnce, waitMs)
  })
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
