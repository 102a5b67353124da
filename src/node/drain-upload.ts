import { constants, type Http2ServerRequest } from 'node:http2'

/** How much of an upload is discarded before the client is asked to stop. */
const MAX_BYTES = 16_777_216
/** How long the rest of an upload may take. */
const MAX_MS = 30_000

/**
 * Discards what is left of an HTTP/2 request body once the response has ended: Node does not read it, so the
 * stream would stay open, and its client could not finish the upload.
 *
 * - Holds one chunk.
 * - After 16 MiB, or 30 s, resets the stream with NO_ERROR, by which RFC 9113, 8.1, lets a server that has sent
 *   a complete response abort the upload. A response that has not gone out by then is reset with an error.
 */
export function drainUpload(req: Http2ServerRequest): void {
  const { stream } = req
  if (stream.destroyed || stream.readableEnded) return
  let leftBytes = MAX_BYTES
  const stop = (): void => {
    // `close()` before the end has gone out would make a cut response look whole.
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
    // The client has reset the stream with NO_ERROR: Node waits for writes that nobody takes any more.
    if (stream.closed) setImmediate(() => stream.destroy())
  })
  stream.once('close', () => clearTimeout(timer))
  req.resume()
}
