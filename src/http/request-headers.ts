import type { HeaderChanges } from './header-changes.ts'
import { HOP_BY_HOP, isCredentialHeader, isDroppedHeader } from './header-kinds.ts'

/** What a `Connection` header must not take away: an attacker would strip what the upstream relies on. */
const PROTECTED = new Set(['host', 'authorization', 'content-type', 'content-length'])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/**
 * The headers for the upstream: the client's end-to-end headers, and the application's own on top of them, the later ones last.
 *
 * Returns `undefined` for a `Connection` header that names what is no header name, or what must stay.
 */
export function requestHeaders(
  client: Headers,
  own: readonly HeaderChanges[],
  forwardCredentials: boolean,
): Headers | undefined {
  const named = connectionNames(client)
  if (!named.every(mayBeNamed)) return
  const headers = new Headers()
  for (const [name, value] of client) {
    const isKept = isCredentialHeader(name) ? forwardCredentials : !isDroppedHeader(name)
    // HTTP/2 has fields that are no headers.
    if (isKept && !named.includes(name) && !name.startsWith(':')) headers.append(name, value)
  }
  // Last, and after the names in Connection: a client can neither override nor remove these.
  for (const { set, removed } of own) {
    for (const name of removed) headers.delete(name)
    for (const [name, value] of set) headers.set(name, value)
  }
  // A coding would be undone at once, and it makes an upstream hold events back until its window is full.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
  return headers
}

/** Takes away what was meant for the connection to the upstream; what `Connection` must not name stays. */
export function dropHopByHop(headers: Headers): void {
  const named = connectionNames(headers).filter(mayBeNamed)
  for (const name of [...HOP_BY_HOP, ...named]) headers.delete(name)
}

function connectionNames(headers: Headers): string[] {
  return (headers.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function mayBeNamed(name: string): boolean {
  return TOKEN.test(name) && !PROTECTED.has(name)
}
