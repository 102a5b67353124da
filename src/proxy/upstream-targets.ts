import { callHook } from '../base/call-hook.ts'
import { checkSync } from '../base/check-sync.ts'
import type { ClientRequest } from '../base/client-request.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import type { ProxyOptions, Upstream, Upstreams } from './proxy-options.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { type PooledTransport, proxyTarget } from './proxy-target.ts'

/** Returns the upstreams for a request, in order; `undefined` if the selected one is not allowed. */
export type TargetsFor = (client: ClientRequest) => readonly UpstreamTarget[] | undefined

/**
 * Creates the function that selects the upstreams for a request.
 *
 * Compares the whole URL that a function of the application returns with the allowed ones, so a malicious request can at
 * worst select another allowed one. A function that throws selects none.
 *
 * @throws TypeError for an empty list, and for a function without `allowedUpstreams`
 */
export function upstreamTargets(
  upstreams: Upstreams,
  settings: ProxySettings,
  options: ProxyOptions,
  pooled: PooledTransport,
): TargetsFor {
  const { allowedUpstreams = [] } = options
  const target = (upstream: Upstream, index: number): UpstreamTarget =>
    proxyTarget(upstream, index, settings, options, pooled)
  if (typeof upstreams !== 'function') {
    const list = Array.isArray(upstreams) ? upstreams : [upstreams]
    if (list.length === 0) throw new TypeError('The list of upstreams must not be empty')
    const targets = list.map(target)
    return () => targets
  }
  if (allowedUpstreams.length === 0) {
    throw new TypeError('allowedUpstreams must not be empty where the upstream is a function')
  }
  const allowed = new Map(
    allowedUpstreams.map((upstream, index) => {
      const made = target(upstream, index)
      return [made.base.href, [made]]
    }),
  )
  return (client) => {
    const picked = callHook('upstream', () => checkSync('upstream', upstreams(client.request)))
    return picked !== undefined && URL.canParse(picked)
      ? allowed.get(new URL(picked).href)
      : undefined
  }
}
