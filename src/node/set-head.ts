import { type OutgoingHttpHeaders, validateHeaderName, validateHeaderValue } from 'node:http'
import type { NodeResponse } from './node-message.ts'

// RFC 9113, 8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields".
const HTTP2_FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/**
 * Puts status and headers of a `Response` on a Node response, beside the headers that middleware has set.
 *
 * `set-cookie` and `vary` are added to those of the middleware; any other header replaces its.
 *
 * @throws RangeError for a status that HTTP cannot send as a final one
 * @throws TypeError for a header that Node cannot write; none of them is set then
 */
export function setHead(res: NodeResponse, response: Response): void {
  const { status, statusText, headers } = response
  if (!(status >= 200 && status <= 999)) {
    throw new RangeError(`The status of a response must be >= 200: got ${status}`)
  }
  // All are looked at before the first is set: an answer in the place of this one must carry none of them.
  for (const [name, value] of headers) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  const isHttp2 = 'stream' in res
  for (const [name, value] of headers) {
    if (isHttp2 ? HTTP2_FORBIDDEN.has(name) : name === 'transfer-encoding') continue
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
  return {
    status: res.statusCode,
    statusText: 'stream' in res ? '' : res.statusMessage,
    headers: res.getHeaders(),
  }
}

/** Takes the head of a response off again that Node refused to send. */
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
