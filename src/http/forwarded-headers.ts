import { callHook } from '../base/call-hook.ts'
import { checkSync } from '../base/check-sync.ts'
import type { ClientRequest } from '../base/client-request.ts'
import { shown } from '../base/shown.ts'
import { type HeaderChanges, isChanged } from './header-changes.ts'

/** Which headers tell the upstream about the client and the proxy. */
export interface ForwardedOptions {
  /**
   * This proxy's name in `via`, a token. A request that has already passed through a proxy of that name gets a 508,
   * because it would loop forever. @default no `via`
   */
  via?: string | undefined
  /** The client's address, for `x-forwarded-for`. @default none */
  clientAddress?: ((request: Request) => string | undefined) | undefined
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const ADDRESS = /^[0-9A-Za-z.:_[\]-]+$/

/**
 * Sets `x-forwarded-*` and `via` on the headers for the upstream. The client's own are untrusted and have been
 * removed before. Headers that the application sets or removes are left alone.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.3
 */
export function setForwardedHeaders(
  headers: Headers,
  client: ClientRequest,
  { via, clientAddress }: ForwardedOptions,
  own: readonly HeaderChanges[],
): void {
  const set = (name: string, value: string): void => {
    if (!isChanged(own, name)) headers.set(name, value)
  }
  const { url } = client
  const host = hostOf(client)
  set('x-forwarded-host', host)
  // Some servers take the URL from an absolute-form target (`GET https://evil.test/`): the client controls both.
  if (host === url.host) set('x-forwarded-proto', url.protocol.slice(0, -1))
  const address = addressOf(client, clientAddress)
  if (address !== undefined && ADDRESS.test(address)) set('x-forwarded-for', address)
  if (via !== undefined) {
    const before = client.headers.get('via')
    headers.set('via', before === null ? `1.1 ${via}` : `${before}, 1.1 ${via}`)
  }
}

/** Returns the host of the `Host` header, or that of the URL if there is none, as with HTTP/2. */
function hostOf({ headers, url: { protocol, host } }: ClientRequest): string {
  const named = `${protocol}//${headers.get('host') ?? host}`
  return URL.canParse(named) ? new URL(named).host : host
}

function addressOf(
  client: ClientRequest,
  clientAddress: ForwardedOptions['clientAddress'],
): string | undefined {
  const name = 'forwarded.clientAddress'
  return callHook(name, () => checkSync(name, clientAddress?.(client.request)))
}

/** Whether the request has already passed through a proxy of this name. */
export function hasLoop({ headers }: ClientRequest, via: string): boolean {
  return (headers.get('via') ?? '')
    .split(',')
    .some((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === via.toLowerCase())
}

/** @throws TypeError for a `via` that is not a token */
export function checkForwarded(options: ForwardedOptions): ForwardedOptions {
  if (options.via !== undefined && !TOKEN.test(options.via)) {
    throw new TypeError(
      `forwarded.via must be a token, such as a host name: got ${shown(options.via)}`,
    )
  }
  return options
}
