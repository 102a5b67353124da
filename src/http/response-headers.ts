import { EVENT_STREAM_HEADERS } from './event-stream-headers.ts'
import { isEventStreamType } from './media-type.ts'
import { dropHopByHop } from './request-headers.ts'

/** What decides about the headers for the client. */
export interface ResponseHeadersContext {
  isSse: boolean
  /** Whether the upstream may set cookies on the client. */
  forwardSetCookie: boolean
}

/** Turns an upstream's headers into those for the client: end-to-end headers, and those that prevent buffering. */
export function responseHeaders(
  headers: Headers,
  { isSse, forwardSetCookie }: ResponseHeadersContext,
): Headers {
  dropHopByHop(headers)
  if (!forwardSetCookie) headers.delete('set-cookie')
  if (isSse) {
    headers.delete('content-length')
    headers.set('cache-control', EVENT_STREAM_HEADERS['cache-control'])
    headers.set('x-accel-buffering', EVENT_STREAM_HEADERS['x-accel-buffering'])
  }
  return headers
}

/**
 * Whether a response with these headers is a readable event stream.
 *
 * Encoded bytes that were not decoded cannot be parsed, and a heartbeat between them would corrupt the body.
 */
export function isEventStream(headers: Headers): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  const isReadable = coding === '' || coding === 'identity'
  return isReadable && isEventStreamType(headers.get('content-type') ?? '')
}
