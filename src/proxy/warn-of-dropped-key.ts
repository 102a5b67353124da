import { emitWarning } from '../base/emit-warning.ts'
import { isCredentialHeader } from '../http/header-kinds.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'

let hasWarned = false

/**
 * Warns once per process if an upstream responds with 401, the client's key was not forwarded, and the application has
 * set none: the likeliest mistake in a first setup. The warning does not contain the key.
 */
export function warnOfDroppedKey(
  { client, outgoing }: Exchange,
  { headers, base }: UpstreamTarget,
  { forwardCredentials }: ProxySettings,
): void {
  if (hasWarned || forwardCredentials) return
  const own = [...outgoing.headers.set.keys(), ...headers.set.keys()]
  if (own.some(isCredentialHeader)) return
  const dropped = [...client.headers.keys()].find(isCredentialHeader)
  if (dropped === undefined) return
  hasWarned = true
  emitWarning(`${base.origin} responded with 401, and the client's ${dropped} was not forwarded`, {
    code: 'SSE_KEY_DROPPED',
    detail:
      'Set your own key with the option headers, such as { authorization: "Bearer ..." }, ' +
      'or forward those of the clients with forwardCredentials: true. Further occurrences are not reported.',
  })
}
