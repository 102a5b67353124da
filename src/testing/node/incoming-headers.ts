import type { IncomingHttpHeaders } from 'node:http'
import type { IncomingHttpHeaders as IncomingHttp2Headers } from 'node:http2'

/** Returns the headers of a Node message, without the pseudo-header fields of HTTP/2. */
export function incomingHeaders(fields: IncomingHttpHeaders | IncomingHttp2Headers): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of [value].flat()) headers.append(name, one)
  }
  return headers
}
