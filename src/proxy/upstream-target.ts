import type { CallPolicy } from '../upstream/circuit-breaker.ts'
import type { TimeoutOptions, Upstream } from './proxy-options.ts'
import {
  checkFunction,
  headersFrom,
  type ProxySettings,
  type Timeouts,
  timeoutSettings,
} from './proxy-settings.ts'

/** One upstream with everything that is needed to ask it. */
export interface UpstreamTarget {
  base: URL
  headers: Headers
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
  settings: ProxySettings,
  timeouts: TimeoutOptions,
  poolFetch: typeof fetch,
): UpstreamTarget {
  const options =
    typeof upstream === 'string' || upstream instanceof URL ? { url: upstream } : upstream
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
  const headers = new Headers(settings.headers)
  if (options.headers)
    for (const [name, value] of headersFrom(options.headers)) headers.set(name, value)
  return {
    base,
    headers,
    fetch: options.fetch ?? poolFetch,
    timeouts: options.timeouts
      ? timeoutSettings({ ...timeouts, ...given(options.timeouts) })
      : settings.timeouts,
    policy: settings.policyFor(base.origin),
  }
}

/** Less what is `undefined`: that means the proxy's own limit here, not the default. */
function given(timeouts: TimeoutOptions): TimeoutOptions {
  return Object.fromEntries(Object.entries(timeouts).filter(([, value]) => value !== undefined))
}
