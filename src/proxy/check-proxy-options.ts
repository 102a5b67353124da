import { checkChoice } from '../base/check-choice.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import type { ForwardedOptions } from '../http/forwarded-headers.ts'
import type { UpstreamPoolOptions } from '../transport/upstream-pool.ts'
import type { CircuitBreakerOptions } from '../upstream/circuit-breaker.ts'
import type {
  ProxyOptions,
  RetryOptions,
  TimeoutOptions,
  UpstreamOptions,
} from './proxy-options.ts'

type ObjectOf<T> = Exclude<T, false | undefined>

/** Does not compile if an option is added to the type and not here. */
const PROXY: OptionNames<ProxyOptions> = {
  headers: true,
  path: true,
  dispatcher: true,
  forwardCredentials: true,
  forwardSetCookie: true,
  heartbeat: true,
  timeouts: true,
  watermark: true,
  maxEventBytes: true,
  transform: true,
  dialect: true,
  truncation: true,
  includeUsage: true,
  retry: true,
  fallbackOn: true,
  replayBodyBytes: true,
  breaker: true,
  allowedUpstreams: true,
  upstreamErrors: true,
  forwarded: true,
  budget: true,
  onEnd: true,
  metrics: true,
  fetch: true,
  pool: true,
}
const HEARTBEAT: OptionNames<ObjectOf<ProxyOptions['heartbeat']>> = {
  intervalMs: true,
  frame: true,
  atStart: true,
  commitAfterMs: true,
}
const TIMEOUTS: OptionNames<TimeoutOptions> = {
  connectMs: true,
  headersMs: true,
  firstEventMs: true,
  idleMs: true,
  idleCounts: true,
  totalMs: true,
  clientStallMs: true,
}
const WATERMARK: OptionNames<ObjectOf<ProxyOptions['watermark']>> = {
  highBytes: true,
  lowBytes: true,
}
const RETRY: OptionNames<RetryOptions> = {
  attempts: true,
  on: true,
  baseMs: true,
  maxMs: true,
  jitter: true,
}
const BREAKER: OptionNames<CircuitBreakerOptions & { on?: unknown }> = {
  failures: true,
  windowMs: true,
  cooldownMs: true,
  on: true,
}
const FORWARDED: OptionNames<ForwardedOptions> = { via: true, clientAddress: true }
const POOL: OptionNames<UpstreamPoolOptions> = {
  connections: true,
  allowH2: true,
  keepAliveMs: true,
  tls: true,
}
const UPSTREAM: OptionNames<UpstreamOptions> = {
  url: true,
  headers: true,
  fetch: true,
  timeouts: true,
}

/**
 * Checks the names and the shapes of a proxy's options; their values are checked where they are used.
 *
 * @throws TypeError that names the option, and what was likely meant
 */
export function checkProxyOptions(options: ProxyOptions): void {
  checkOptions('options', options, PROXY)
  const { heartbeat, watermark, retry, breaker, forwarded, pool } = options
  // false is off; true is not a valid value.
  if (heartbeat !== false) {
    checkOptions(
      'heartbeat',
      heartbeat,
      HEARTBEAT,
      'false or an object such as { intervalMs: 15_000 }',
    )
  }
  checkTimeouts('timeouts', options.timeouts)
  checkOptions('watermark', watermark, WATERMARK, 'an object such as { highBytes: 65_536 }')
  if (retry !== false) {
    checkOptions('retry', retry, RETRY, 'false or an object such as { attempts: 3 }')
  }
  const isPolicy = typeof breaker === 'object' && breaker !== null && 'execute' in breaker
  if (breaker !== false && !isPolicy) {
    checkOptions(
      'breaker',
      breaker,
      BREAKER,
      'false, a policy, or an object such as { failures: 5 }',
    )
  }
  if (forwarded !== false) {
    checkOptions(
      'forwarded',
      forwarded,
      FORWARDED,
      'false or an object such as { via: "my-proxy" }',
    )
  }
  checkOptions('pool', pool, POOL)
  for (const name of ['forwardCredentials', 'forwardSetCookie', 'includeUsage'] as const) {
    const value: unknown = options[name]
    if (value !== undefined) checkChoice(name, value, true, false)
  }
}

/** @throws TypeError for what is not an object of limits */
export function checkTimeouts(path: string, timeouts: unknown): void {
  checkOptions(path, timeouts, TIMEOUTS, 'an object such as { idleMs: 5_000 }')
}

/** @throws TypeError for unknown names in an upstream given as an object */
export function checkUpstreamOptions(upstream: UpstreamOptions): void {
  checkOptions('upstream', upstream, UPSTREAM)
  checkTimeouts('upstream.timeouts', upstream.timeouts)
}
