import { emitWarning } from '../base/emit-warning.ts'
import { isCredentialHeader } from '../http/header-kinds.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'

let hasWarned = false

/**
 * Says why an upstream answered with 401, where the client's key was dropped and the application has set none:
 * the likeliest mistake of a first try. Once per process, without the key.
 */
export function warnOfDroppedKey(
  { request, outgoing }: Exchange,
  { headers, base }: UpstreamTarget,
  { forwardCredentials }: ProxySettings,
): void {
  if (hasWarned || forwardCredentials) return
  const own = [...outgoing.headers.set.keys(), ...headers.set.keys()]
  if (own.some(isCredentialHeader)) return
  const dropped = [...request.headers.keys()].find(isCredentialHeader)
  if (dropped === undefined) return
  hasWarned = true
  emitWarning(`${base.origin} answered with 401, and the client's ${dropped} was not passed on`, {
    code: 'SSE_KEY_DROPPED',
    detail:
      'Set your own key with the option headers, such as { authorization: "Bearer ..." }, ' +
      'or pass on those of the clients with forwardCredentials: true. This is said once per process.',
  })
}
