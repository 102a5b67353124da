import { isDecodedByFetch } from './decoded-codings.ts'
import { EVENT_STREAM_HEADERS } from './event-stream-headers.ts'
import { isEventStreamType } from './media-type.ts'
import { dropHopByHop } from './request-headers.ts'

/** What the headers for the client depend on. */
export interface ResponseHeadersContext {
  isSse: boolean
  /** Whether there is a body that `fetch` may have decoded. */
  hasBody: boolean
  /** Whether the upstream may set cookies with the client. */
  forwardSetCookie: boolean
}

/** The headers for the client: the upstream's end-to-end headers, made true for the body that follows them. */
export function responseHeaders(
  upstream: Headers,
  { isSse, hasBody, forwardSetCookie }: ResponseHeadersContext,
): Headers {
  const headers = new Headers()
  // Pair by pair, so that several Set-Cookie headers stay several.
  for (const [name, value] of upstream) headers.append(name, value)
  dropHopByHop(headers)
  if (!forwardSetCookie) headers.delete('set-cookie')
  const coding = headers.get('content-encoding')
  if (coding !== null && hasBody && isDecodedByFetch(coding)) {
    headers.delete('content-encoding')
    headers.delete('content-length')
    // These speak of the coded bytes.
    for (const name of ['content-md5', 'digest', 'content-digest', 'repr-digest']) {
      headers.delete(name)
    }
    const etag = headers.get('etag')
    if (etag?.startsWith('"')) headers.set('etag', `W/${etag}`)
  }
  if (isSse) {
    headers.delete('content-length')
    headers.set('cache-control', EVENT_STREAM_HEADERS['cache-control'])
    headers.set('x-accel-buffering', EVENT_STREAM_HEADERS['x-accel-buffering'])
  }
  return headers
}

/**
 * Whether what follows these headers is an event stream, whatever the parameters of its type are.
 *
 * In a coding that was not taken off its bytes are no events, and a heartbeat among them would destroy it.
 */
export function isEventStream(headers: Headers): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  const isReadable = coding === '' || coding === 'identity' || isDecodedByFetch(coding)
  return isReadable && isEventStreamType(headers.get('content-type') ?? '')
}
