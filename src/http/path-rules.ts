import type { ClientRequest } from '../base/client-request.ts'
import { shown } from '../base/shown.ts'

/** Returns the path for the upstream, with or without a query. */
export type PathFunction = (url: URL, request: Request) => string | Promise<string>

/**
 * Paths to replace. A key that ends in `/` matches every path with that prefix, and the rest of the path is appended
 * to the value. Any other key matches only the exact path. The longest matching key wins.
 */
export type PathRules = Readonly<Record<string, string>>

/**
 * Creates the function that returns the path for the upstream.
 *
 * @throws TypeError that names the rule
 */
export function pathFunction(
  path: PathFunction | PathRules,
): (url: URL, client: ClientRequest) => string | Promise<string> {
  if (typeof path === 'function') return (url, client) => path(url, client.request)
  if (typeof path !== 'object' || path === null) {
    throw new TypeError(`path must be a function or an object of paths: got ${shown(path)}`)
  }
  const rules = new Map(Object.entries(path))
  for (const [from, to] of rules) checkRule(from, to)
  const prefixes = [...rules.keys()]
    .filter((from) => from.endsWith('/'))
    .sort((a, b) => b.length - a.length)
  return ({ pathname }) => {
    const exact = rules.get(pathname)
    if (exact !== undefined) return exact
    const prefix = prefixes.find((from) => pathname.startsWith(from))
    if (prefix === undefined) return pathname
    return rules.get(prefix) + pathname.slice(prefix.length)
  }
}

function checkRule(from: string, to: unknown): void {
  const rule = `${JSON.stringify(from)}: ${JSON.stringify(to)}`
  if (!isPath(from) || typeof to !== 'string' || !isPath(to)) {
    throw new TypeError(
      `path rules must begin with "/" on both sides and contain neither "?" nor "#": got ${rule}`,
    )
  }
  if (from.endsWith('/') && !to.endsWith('/')) {
    throw new TypeError(`path rules for a prefix must end with "/" on both sides: got ${rule}`)
  }
}

function isPath(path: string): boolean {
  return /^\/[^?#]*$/.test(path)
}
