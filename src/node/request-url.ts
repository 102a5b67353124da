import { shown } from '../base/shown.ts'
import { BadRequestError } from './bad-request-error.ts'
import type { NodeRequest } from './node-message.ts'

// RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code [...] to any request message that
// contains [...] a Host header field with an invalid field value". A slash or an @ in it would change the path.
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]+$/

/**
 * Returns the absolute URL of a request: the scheme of the connection, the host of the `Host` header (`:authority`
 * with HTTP/2), and the unchanged path of the request line.
 *
 * @throws BadRequestError if the target or the host is invalid
 */
export function requestUrl(req: NodeRequest): string {
  const target = req.url ?? '/'
  if (target.startsWith('/')) return `${origin(req)}${target}`
  if (target === '*') return `${origin(req)}/*`
  // Its scheme and host are ignored: a client could use them to evade checks of the Host header.
  const url = URL.canParse(target) ? new URL(target) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    return `${origin(req)}${url.pathname}${url.search}`
  }
  throw new BadRequestError(
    `The request target must be a path or an http URL: got ${shown(target)}`,
  )
}

function origin(req: NodeRequest): string {
  const authority = req.headers[':authority']
  const host = typeof authority === 'string' ? authority : (req.headers.host ?? 'localhost')
  if (!HOST.test(host))
    throw new BadRequestError(`The host must be a name and an optional port: got ${shown(host)}`)
  return `${isEncrypted(req) ? 'https' : 'http'}://${host}`
}

function isEncrypted(req: NodeRequest): boolean {
  // HTTP/2's `req.socket` is a proxy object that throws after its session has closed.
  if ('stream' in req) return req.stream.session?.encrypted === true
  return 'encrypted' in req.socket
}
