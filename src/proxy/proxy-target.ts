import { checkFunction } from '../base/check-function.ts'
import { headerChanges } from '../http/header-changes.ts'
import { upstreamUrl } from '../http/upstream-url.ts'
import { fetchTransport } from '../transport/fetch-transport.ts'
import type { Transport } from '../transport/transport.ts'
import { undiciTransport } from '../transport/undici-transport.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import { checkUpstreamOptions } from './check-proxy-options.ts'
import type { ProxyOptions, TimeoutOptions, Upstream, UpstreamOptions } from './proxy-options.ts'
import { type ProxySettings, timeoutSettings } from './proxy-settings.ts'

/** Returns a transport over the proxy's own connections, which must be established within `connectMs`. */
export type PooledTransport = (connectMs: number) => Transport

/**
 * Checks an upstream and fills in the proxy's settings.
 *
 * @throws TypeError for an invalid URL, one that is not http(s), or one with credentials
 */
export function proxyTarget(
  upstream: Upstream,
  index: number,
  settings: ProxySettings,
  { timeouts = {}, fetch, dispatcher }: Pick<ProxyOptions, 'timeouts' | 'fetch' | 'dispatcher'>,
  pooled: PooledTransport,
): UpstreamTarget {
  const options = optionsOf(upstream)
  const base = upstreamUrl(options.url)
  checkFunction('fetch', options.fetch)
  const limits = options.timeouts
    ? timeoutSettings({ ...timeouts, ...given(options.timeouts) })
    : settings.timeouts
  const { connectMs } = limits
  const ownFetch = options.fetch ?? fetch
  return {
    index,
    base,
    headers: headerChanges(options.headers ?? {}),
    transport:
      (ownFetch && fetchTransport(ownFetch, connectMs)) ??
      (dispatcher && undiciTransport(dispatcher, connectMs)) ??
      pooled(connectMs),
    timeouts: limits,
    policy: settings.policyFor(base.origin),
  }
}

/** Drops what is `undefined`, which means the proxy's own limit here and not the default. */
function given(timeouts: TimeoutOptions): TimeoutOptions {
  return Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined))
}

function optionsOf(upstream: Upstream): UpstreamOptions {
  if (typeof upstream === 'string' || upstream instanceof URL) return { url: upstream }
  const given: unknown = upstream
  // Not an object of options: the check of the URL reports it.
  if (typeof given !== 'object' || given === null || given instanceof Request) {
    return { url: given as string }
  }
  checkUpstreamOptions(upstream)
  return upstream
}
