import type { HeaderChanges } from './header-changes.ts'
import { HOP_BY_HOP, isCredentialHeader, isDroppedHeader } from './header-kinds.ts'

/** Headers that `Connection` must not remove: an attacker could strip what the upstream relies on. */
const PROTECTED = new Set(['host', 'authorization', 'content-type', 'content-length'])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/**
 * Returns the headers for the upstream: the client's end-to-end headers, then the application's changes in order.
 *
 * Returns `undefined` if `Connection` has an invalid header name or one that it must not remove.
 */
export function requestHeaders(
  client: Headers,
  own: readonly HeaderChanges[],
  forwardCredentials: boolean,
): Headers | undefined {
  const named = connectionNames(client)
  if (!named.every(isRemovable)) return
  const headers = new Headers()
  for (const [name, value] of client) {
    const isKept = isCredentialHeader(name) ? forwardCredentials : !isDroppedHeader(name)
    // HTTP/2 pseudo-headers.
    if (isKept && !named.includes(name) && !name.startsWith(':')) headers.append(name, value)
  }
  // After the names in Connection, so that a client can neither override nor remove these.
  for (const { set, removed } of own) {
    for (const name of removed) headers.delete(name)
    for (const [name, value] of set) headers.set(name, value)
  }
  // A coding would be decoded here anyway, and makes an upstream buffer events until its window is full.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
  return headers
}

/** Removes the hop-by-hop headers, and those in `Connection` that it may remove. */
export function dropHopByHop(headers: Headers): void {
  const named = connectionNames(headers).filter(isRemovable)
  for (const name of [...HOP_BY_HOP, ...named]) headers.delete(name)
}

function connectionNames(headers: Headers): string[] {
  return (headers.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function isRemovable(name: string): boolean {
  return TOKEN.test(name) && !PROTECTED.has(name)
}
