import { checkFunction } from '../base/check-function.ts'
import { type HeaderChanges, headerChanges } from '../http/header-changes.ts'
import { upstreamUrl } from '../http/upstream-url.ts'
import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import { dispatcherFetch } from '../upstream/dispatcher-fetch.ts'
import { checkUpstreamOptions } from './check-proxy-options.ts'
import type { ProxyOptions, TimeoutOptions, Upstream, UpstreamOptions } from './proxy-options.ts'
import { type ProxySettings, type Timeouts, timeoutSettings } from './proxy-settings.ts'

type Fetch = typeof fetch

/** Gives the `fetch` of a pool whose connections are made within so many milliseconds. */
export type FetchFor = (connectMs: number) => Fetch

/** One upstream with everything that is needed to ask it. */
export interface UpstreamTarget {
  /** Its place in the list it comes from. */
  index: number
  base: URL
  /** Its own, beside those of the proxy. */
  headers: HeaderChanges
  fetch: typeof fetch
  timeouts: Timeouts
  policy: CallPolicy | undefined
}

/**
 * Checks an upstream and completes it with the proxy's settings.
 *
 * @throws TypeError for a URL that is none, is not http(s), or holds credentials
 */
export function upstreamTarget(
  upstream: Upstream,
  index: number,
  settings: ProxySettings,
  { timeouts = {}, fetch, dispatcher }: Pick<ProxyOptions, 'timeouts' | 'fetch' | 'dispatcher'>,
  fetchFor: FetchFor,
): UpstreamTarget {
  const options = optionsOf(upstream)
  const base = upstreamUrl(options.url)
  checkFunction('fetch', options.fetch)
  const limits = options.timeouts
    ? timeoutSettings({ ...timeouts, ...given(options.timeouts) })
    : settings.timeouts
  const ownFetch = options.fetch ?? fetch ?? (dispatcher && dispatcherFetch(dispatcher))
  return {
    index,
    base,
    headers: headerChanges(options.headers ?? {}),
    fetch: ownFetch ?? fetchFor(limits.connectMs),
    timeouts: limits,
    policy: settings.policyFor(base.origin),
  }
}

/** Less what is `undefined`: that means the proxy's own limit here, not the default. */
function given(timeouts: TimeoutOptions): TimeoutOptions {
  return Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined))
}

function optionsOf(upstream: Upstream): UpstreamOptions {
  if (typeof upstream === 'string' || upstream instanceof URL) return { url: upstream }
  const given: unknown = upstream
  // Not an object of options: the check of the URL says what is wrong with it.
  if (typeof given !== 'object' || given === null || given instanceof Request) {
    return { url: given as string }
  }
  checkUpstreamOptions(upstream)
  return upstream
}
