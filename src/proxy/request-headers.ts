/** Meant for one connection, not for the message. https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1 */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'http2-settings',
] as const

/** Never sent on: they belong to the application in front, or make no sense for a stream. */
const DROPPED = [
  ...HOP_BY_HOP,
  'host',
  'cookie',
  'expect',
  'accept-encoding',
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
] as const

/** Sent on only where the application says so: they may be meant for the application itself. */
const CREDENTIALS = ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'] as const

/** What a `Connection` header must not take away: an attacker would strip what the upstream relies on. */
const PROTECTED = new Set(['host', 'authorization', 'content-type', 'content-length'])

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/**
 * The headers for the upstream: the client's end-to-end headers, and the application's own on top of them.
 *
 * Returns `undefined` for a `Connection` header that names what is no header name, or what must stay.
 */
export function requestHeaders(
  client: Headers,
  own: Headers,
  forwardCredentials: boolean,
): Headers | undefined {
  const named = connectionNames(client)
  if (!named.every(mayBeNamed)) return
  const headers = new Headers(client)
  for (const name of [...DROPPED, ...named]) headers.delete(name)
  for (const name of [...headers.keys()]) if (name.startsWith(':')) headers.delete(name)
  if (!forwardCredentials) for (const name of CREDENTIALS) headers.delete(name)
  // A coding would be undone at once, and it makes an upstream hold events back until its window is full.
  headers.set('accept-encoding', 'identity')
  // Last, and after the names in Connection: a client can neither override nor remove these.
  for (const [name, value] of own) headers.set(name, value)
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
