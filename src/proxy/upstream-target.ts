import { checkFunction } from '../base/check-function.ts'
import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import { dispatcherFetch } from '../upstream/dispatcher-fetch.ts'
import { type HeaderChanges, headerChanges } from './header-changes.ts'
import type { ProxyOptions, TimeoutOptions, Upstream } from './proxy-options.ts'
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
  const options =
    typeof upstream === 'string' || upstream instanceof URL ? { url: upstream } : upstream
  if (!URL.canParse(options?.url)) {
    throw new TypeError(
      `Cannot use an upstream as its URL must be an absolute one: current value is ${shown(options?.url)}`,
    )
  }
  const base = new URL(options.url)
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new TypeError(
      `Cannot use an upstream as its URL must be http: or https:: current value is ${base.protocol}`,
    )
  }
  if (base.username !== '' || base.password !== '') {
    throw new TypeError(
      'Cannot use an upstream as its URL must not hold credentials: set them as headers',
    )
  }
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

/** Less what may be a password: messages end up in logs. */
function shown(url: unknown): string {
  return typeof url === 'string' ? JSON.stringify(url.replace(/[^/]*@/, '…@')) : String(url)
}
