import { constants, type Http2ServerRequest } from 'node:http2'

/** How much of an upload is discarded before its stream is reset. */
const MAX_BYTES = 16_777_216
/** Deadline for the rest of an upload. */
const MAX_MS = 30_000

/**
 * Discards the rest of an HTTP/2 request body after the response has ended. Node does not read it, so the stream would
 * stay open and the client could not finish the upload.
 *
 * - Holds one chunk.
 * - After 16 MiB or 30 s, resets the stream with NO_ERROR: RFC 9113, 8.1, lets a server abort an upload this way after
 *   a complete response. If the response has not been sent by then, the stream is reset with an error.
 */
export function drainUpload(req: Http2ServerRequest): void {
  const { stream } = req
  if (stream.destroyed || stream.readableEnded) return
  let leftBytes = MAX_BYTES
  const stop = (): void => {
    // `close()` before the end has been sent would make a truncated response look complete.
    if (!stream.closed && stream.state.localClose === 1) stream.close(constants.NGHTTP2_NO_ERROR)
  }
  const timer = setTimeout(() => {
    stop()
    if (!stream.closed) stream.destroy(new Error('Neither upload nor response ended in time'))
  }, MAX_MS)
  req.on('data', (chunk: Uint8Array) => {
    leftBytes -= chunk.length
    if (leftBytes < 0) setImmediate(stop)
  })
  stream.once('end', () => {
    clearTimeout(timer)
    // The client has reset the stream with NO_ERROR: Node waits for queued writes that can never finish.
    if (stream.closed) setImmediate(() => stream.destroy())
  })
  stream.once('close', () => clearTimeout(timer))
  req.resume()
}
