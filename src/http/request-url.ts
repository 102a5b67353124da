/**
 * Joins the path and query of a request to the base URL of an upstream, or returns `undefined` where the
 * result would leave the upstream's origin or the path of its base.
 *
 * The base is never resolved against the request: `new URL('//other', base)` leaves the host. A dot segment
 * is refused also where its characters are percent-encoded, since an upstream may decode them first.
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
  // Two slashes at the front are another host to whoever reads the path as a relative reference.
  if (basePath === '' && /^\/[/\\]/.test(url.pathname)) return
  return url
}

/**
 * Puts a path of the application in the place of a URL's, or returns `undefined` for one with a dot segment.
 *
 * A query in the path takes the place of the URL's. A fragment is dropped.
 */
export function replacePath(url: URL, path: string): URL | undefined {
  // What the URL parser leaves out could hide a dot segment.
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

/** Looks through up to three layers of percent-encoding. */
function hasDotSegment(pathname: string): boolean {
  let path = pathname
  for (let layer = 0; layer <= 3; layer++) {
    if (path.split(/[/\\]/).some((segment) => segment === '..' || segment === '.')) return true
    // Only the characters that dot segments are made of; others may be cut sequences.
    const decoded = path.replace(/%(2e|2f|5c|25)/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === path) return false
    path = decoded
  }
  return false
}
