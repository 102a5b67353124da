import { BadRequestError } from './bad-request-error.ts'
import { IncomingBody } from './incoming-body.ts'
import type { NodeRequest } from './node-message.ts'
import { parsedBody } from './parsed-body.ts'
import { requestUrl } from './request-url.ts'

/** A Node request as a `Request`. */
export interface WebRequest {
  readonly request: Request
  /** Ends the body and discards what has not been read. */
  release(): void
}

/**
 * Creates a `Request` from a Node request. Restores a body that a parser has read.
 *
 * The result is a real `Request`: `fetch()` and `new Request()` reject objects that only look like one.
 *
 * @throws BadRequestError for a method, target, host or header that a `Request` cannot have
 * @throws TypeError for a body that has been read and cannot be restored
 */
export function toRequest(req: NodeRequest, signal: AbortSignal): WebRequest {
  const method = req.method ?? 'GET'
  const headers = headersOf(req)
  const url = requestUrl(req)
  if (!hasBody(req, method, headers)) {
    return { request: makeRequest(url, { method, headers, signal }), release: ignore }
  }
  if (req.readableDidRead || req.rawBody instanceof Uint8Array) {
    const body = parsedBody(req)
    // The parser has decoded both, and the length of the restored body may differ.
    headers.delete('content-encoding')
    headers.delete('transfer-encoding')
    headers.set('content-length', String(body.byteLength))
    return { request: makeRequest(url, { method, headers, signal, body }), release: ignore }
  }
  const body = new IncomingBody(req)
  const request = makeRequest(url, { method, headers, signal, body: body.stream, duplex: 'half' })
  return { request, release: () => body.release() }
}

function ignore(): void {}

function makeRequest(url: string, init: RequestInit & { duplex?: 'half' }): Request {
  try {
    return new Request(url, init)
  } catch (cause) {
    // The fetch API forbids TRACE and CONNECT, and rejects some hosts that pass our check.
    throw new BadRequestError('Cannot make a Request from what the client sent', { cause })
  }
}

function headersOf(req: NodeRequest): Headers {
  const headers = new Headers()
  const { rawHeaders } = req
  try {
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? ''
      // HTTP/2 pseudo-headers are in the method and the URL.
      if (!name.startsWith(':')) headers.append(name, rawHeaders[i + 1] ?? '')
    }
    // RFC 9113, 8.3.1: a recipient "MUST NOT use the Host header field" where there is an `:authority`.
    if (req.headers[':authority'] !== undefined) headers.delete('host')
  } catch (cause) {
    throw new BadRequestError('The client sent invalid headers', { cause })
  }
  return headers
}

function hasBody(req: NodeRequest, method: string, headers: Headers): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const length = headers.get('content-length')
  if (length !== null) return length !== '0'
  if ('stream' in req) return !req.stream.endAfterHeaders
  return headers.has('transfer-encoding')
}
