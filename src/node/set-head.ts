import { type OutgoingHttpHeaders, validateHeaderValue } from 'node:http'
import type { ClientResponse } from '../base/client-request.ts'
import { CONNECTION_HEADERS } from '../http/connection-headers.ts'
import type { NodeResponse } from './node-message.ts'

/**
 * Sets status and headers on a Node response that middleware may have set headers on.
 *
 * `set-cookie` and `vary` are appended to those of the middleware; any other header replaces it.
 *
 * @throws RangeError for a status that is not final
 * @throws TypeError for a header that Node cannot write; others may have been set before
 */
export function setHead(res: NodeResponse, { status, statusText, headers }: ClientResponse): void {
  if (!(status >= 200 && status <= 999)) {
    throw new RangeError(`The status of a response must be >= 200: got ${status}`)
  }
  const isHttp2 = 'stream' in res
  for (const [name, value] of headers) {
    // Node's HTTP/2 drops an invalid value silently.
    if (isHttp2) validateHeaderValue(name, value)
    // RFC 9113, 8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields".
    if (isHttp2 ? CONNECTION_HEADERS.includes(name) : name === 'transfer-encoding') continue
    if (name === 'set-cookie' || name === 'vary') res.appendHeader(name, value)
    else res.setHeader(name, value)
  }
  res.statusCode = status
  if (!isHttp2 && statusText !== '') res.statusMessage = statusText
}

/** Status and headers that middleware has set. */
export interface SavedHead {
  readonly status: number
  readonly statusText: string
  readonly headers: OutgoingHttpHeaders
}

export function saveHead(res: NodeResponse): SavedHead {
  const headers = res.getHeaders()
  for (const name in headers) {
    // `appendHeader` changes the array of a header.
    if (Array.isArray(headers[name])) headers[name] = [...headers[name]]
  }
  return {
    status: res.statusCode,
    statusText: 'stream' in res ? '' : res.statusMessage,
    headers,
  }
}

/** Restores the head after Node has refused a header, or to send the head. */
export function restoreHead(res: NodeResponse, { status, statusText, headers }: SavedHead): void {
  for (const name of res.getHeaderNames()) {
    if (!Object.hasOwn(headers, name)) res.removeHeader(name)
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) res.setHeader(name, value)
  }
  res.statusCode = status
  if (!('stream' in res)) res.statusMessage = statusText
}
