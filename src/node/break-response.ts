import type { NodeResponse } from './node-message.ts'

/** Flush deadline: a client that reads nothing must not delay the break. */
const FLUSH_MS = 1_000

/** The part of a response that is used; the types of node:http and node:http2 do not overlap. */
interface Sink {
  write(chunk: Uint8Array, onWritten: () => void): boolean
}

interface Watched {
  once(event: 'aborted' | 'close', listener: () => void): unknown
}

/**
 * Ends a response so that its client sees it is incomplete: HTTP/1 without the last chunk, HTTP/2 by a reset.
 *
 * - Flushes what was written before, if the client reads it within a second.
 * - Resets HTTP/2 one second after the last bytes left Node. A reset makes clients discard received data that their
 *   application has not read, and a server cannot see how much that is.
 * - Breaks at once if the client leaves meanwhile. No timer remains.
 *
 * @param sentAt - returns `performance.now()` when the last bytes left Node; `-Infinity` before any, and with HTTP/1.
 * Called after the flush.
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
  // HTTP/2 calls back inside nghttp2's send loop. Closing a stream there ends the process: Node's assertion
  // `!this->is_destroyed()` in `Http2Stream::OnTrailers` fails.
  const breakSoon = (): void => void setImmediate(breakOnce)
  let timer = setTimeout(breakOnce, FLUSH_MS)
  const watched: Watched = 'stream' in res ? res.stream : res
  watched.once('close', stop)
  // After a reset with NO_ERROR by the client, a stream does not close while it has queued writes.
  watched.once('aborted', breakSoon)
  // Destroying at once loses what Node has not passed to the system: HTTP/2 passes one write per turn.
  const sink: Sink = res
  const onFlushed = (): void => {
    if (hasBroken) return
    const waitMs = sentAt() + FLUSH_MS - performance.now()
    if (waitMs <= 0) {
      breakSoon()
      return
    }
    clearTimeout(timer)
    timer = setTimeout(breakOnce, waitMs)
  }
  try {
    sink.write(new Uint8Array(0), onFlushed)
  } catch {
    // Only middleware that replaces `write` throws.
    breakOnce()
  }
}

function breakNow(res: NodeResponse): void {
  if ('stream' in res) {
    // Not `close()`: it ends the stream before the reset, so a client can receive a clean end. The error sets the
    // code to INTERNAL_ERROR; Node's compatibility API handles the event.
    res.stream.destroy(new Error('The response was aborted before its end'))
    return
  }
  const { socket } = res
  const isFramed = res.chunkedEncoding || res.hasHeader('content-length')
  // With HTTP/1.0 the end of the connection ends the body: only a reset is not a clean end.
  if (!isFramed && socket && !('encrypted' in socket)) socket.resetAndDestroy()
  // Without the reason: Node would pass it to `clientError` listeners as an error of the client.
  else res.destroy()
}
