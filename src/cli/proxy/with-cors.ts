type Handler = (request: Request) => Response | Promise<Response>

/** How long a browser may cache the response to a preflight, in seconds. */
const MAX_AGE_S = '600'

/**
 * Lets pages of other origins call a handler: answers preflights and sets the CORS headers of every response.
 *
 * Answers 403 to requests from any other origin: the page could not read the response, but the upstream would charge
 * for it. Requests without an `origin` header do not come from a page of another origin, and are served.
 *
 * Named origins may send credentials (cookies, `withCredentials`); with `*` the standard forbids it.
 *
 * @param origins `*` or origins; without any, the handler is returned unchanged
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function withCors(handler: Handler, origins: readonly string[]): Handler {
  if (origins.length === 0) return handler
  const isForAll = origins.includes('*')
  return async (request) => {
    const origin = request.headers.get('origin')
    const isAllowed = origin === null || isForAll || origins.includes(origin)
    const asks = request.headers.get('access-control-request-method')
    const isPreflight = request.method === 'OPTIONS' && origin !== null && asks !== null
    const response = !isAllowed
      ? new Response(null, { status: 403 })
      : isPreflight
        ? preflightResponse(request, asks)
        : await handler(request)
    const { headers } = response
    // The upstream's are about pages that call the upstream.
    headers.delete('access-control-allow-origin')
    headers.delete('access-control-allow-credentials')
    if (!isForAll) headers.append('vary', 'Origin')
    if (origin === null || !isAllowed) return response
    headers.set('access-control-allow-origin', isForAll ? '*' : origin)
    if (!isForAll) headers.set('access-control-allow-credentials', 'true')
    // With credentials, `*` is taken for the name of a header.
    if (!isPreflight) {
      headers.set('access-control-expose-headers', isForAll ? '*' : [...headers.keys()].join(', '))
    }
    return response
  }
}

function preflightResponse(request: Request, method: string): Response {
  const headers = new Headers({
    'access-control-allow-methods': method,
    'access-control-max-age': MAX_AGE_S,
    vary: 'Access-Control-Request-Method, Access-Control-Request-Headers',
  })
  const asked = request.headers.get('access-control-request-headers')
  if (asked !== null) headers.set('access-control-allow-headers', asked)
  return new Response(null, { status: 204, headers })
}
