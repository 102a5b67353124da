/**
 * Joins the path and query of a request to the base URL of an upstream. Returns `undefined` if the result would
 * leave the origin or the path of the base.
 *
 * Does not resolve the path against the base: `new URL('//other', base)` changes the host. Rejects dot segments, also
 * percent-encoded ones, which an upstream may decode.
 */
export function requestUrl(base: URL, { pathname, search }: URL): URL | undefined {
  if (hasDotSegment(pathname)) return
  const basePath = base.pathname.replace(/\/+$/, '')
  const url = new URL(base)
  url.hash = ''
  url.pathname = basePath + pathname
  url.search = joinQueries(base.search, search)
  const isInside = url.pathname === basePath || url.pathname.startsWith(`${basePath}/`)
  if (url.origin !== base.origin || !isInside) return
  // Read as a relative reference, two leading slashes are another host.
  if (basePath === '' && /^\/[/\\]/.test(url.pathname)) return
  return url
}

/**
 * Replaces the path of a URL by one of the application. Returns `undefined` for a path with a dot segment.
 *
 * A query in the path replaces that of the URL. A fragment is dropped.
 */
export function replacePath(url: URL, path: string): URL | undefined {
  // Characters that the URL parser removes could hide a dot segment.
  const [target = ''] = path.replace(/[\t\n\r]/g, '').split('#', 1)
  const queryAt = target.indexOf('?')
  const pathname = queryAt < 0 ? target : target.slice(0, queryAt)
  if (hasDotSegment(pathname)) return
  const replaced = new URL(url)
  replaced.pathname = pathname
  if (queryAt >= 0) replaced.search = target.slice(queryAt)
  return replaced
}

function joinQueries(base: string, request: string): string {
  if (base === '' || request === '') return base || request
  return `${base}&${request.slice(1)}`
}

/** Decodes up to three layers of percent-encoding. */
function hasDotSegment(pathname: string): boolean {
  let path = pathname
  for (let layer = 0; layer <= 3; layer++) {
    if (path.split(/[/\\]/).some((segment) => segment === '..' || segment === '.')) return true
    // Only the characters of dot segments: others may be partial UTF-8 sequences.
    const decoded = path.replace(/%(2e|2f|5c|25)/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === path) return false
    path = decoded
  }
  return false
}
