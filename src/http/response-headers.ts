import { EVENT_STREAM_HEADERS } from './event-stream-headers.ts'
import { isEventStreamType } from './media-type.ts'
import { dropHopByHop } from './request-headers.ts'

/** What the headers for the client depend on. */
export interface ResponseHeadersContext {
  isSse: boolean
  /** Whether the upstream may set cookies with the client. */
  forwardSetCookie: boolean
}

/** Turns an upstream's headers into those for the client: the end-to-end ones, with what keeps events from being buffered. */
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
 * Whether what follows these headers is an event stream, whatever the parameters of its type are.
 *
 * In a coding that was not decoded its bytes are no events, and a heartbeat among them would destroy it.
 */
export function isEventStream(headers: Headers): boolean {
  const coding = headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  const isReadable = coding === '' || coding === 'identity'
  return isReadable && isEventStreamType(headers.get('content-type') ?? '')
}
