import { callHook } from '../base/call-hook.ts'
import { checkChoice } from '../base/check-choice.ts'
import { checkFunction } from '../base/check-function.ts'
import { checkNumber } from '../base/check-number.ts'
import { checkSync } from '../base/check-sync.ts'
import { checkForwarded, type ForwardedOptions } from '../http/forwarded-headers.ts'
import { type HeaderChanges, type HeadersLike, headerChanges } from '../http/header-changes.ts'
import { pathFunction } from '../http/path-rules.ts'
import type { Dialect } from '../llm/dialect.ts'
import { DIALECTS } from '../llm/dialects.ts'
import type { Budget } from '../pipeline/budget.ts'
import { BudgetLedger } from '../pipeline/budget-ledger.ts'
import { relay } from '../pipeline/relay.ts'
import type { EventTransform } from '../transforms/event-rewriter.ts'
import { type CallPolicy, CircuitBreaker } from '../upstream/circuit-breaker.ts'
import { createRetryDelay } from '../upstream/retry-delay.ts'
import type { Timeouts } from '../upstream/timeouts.ts'
import type { CallSettings } from '../upstream/upstream-call.ts'
import { type HeartbeatFor, heartbeatPlans } from './heartbeat-plans.ts'
import type { MetricsSink } from './metrics-sink.ts'
import type { ProxyOptions, RetryOptions, StatusRule, TimeoutOptions } from './proxy-options.ts'

/** A proxy's options, checked and with their defaults filled in. */
export interface ProxySettings extends CallSettings {
  headers: HeaderChanges
  /** Returns the headers for a request, if they differ between requests. */
  headersFor: ((request: Request) => HeadersLike | Promise<HeadersLike>) | undefined
  pathFor: ReturnType<typeof pathFunction> | undefined
  forwardCredentials: boolean
  forwardSetCookie: boolean
  heartbeatFor: HeartbeatFor
  timeouts: Timeouts
  watermark: { highBytes?: number | undefined; lowBytes?: number | undefined }
  transform: EventTransform | undefined
  /** Those that a stream may be of; none where none is looked for. */
  dialects: readonly Dialect[]
  /** The same by the format of the stream. */
  dialectsOf: Record<'sse' | 'ndjson', readonly Dialect[]>
  /** Whether the application says that a stream is of the one in the list. */
  isDialectGiven: boolean
  truncation: 'signal' | 'pass'
  includeUsage: boolean
  /** After how long a client is sent a head before the upstream has answered. */
  commitAfterMs: number
  onEnd: ProxyOptions['onEnd']
  metrics: readonly MetricsSink[]
  /** Returns the policy for an origin. */
  policyFor: (origin: string) => CallPolicy | undefined
  sendsErrors: boolean
  forwarded: ForwardedOptions | undefined
  budget: Budget | undefined
}

const RETRIED = [429, 500, 502, 503, 504, 529]

/**
 * Checks a proxy's options once, when it is created and not at the first request.
 *
 * @throws RangeError or TypeError that names the option
 */
export function proxySettings({
  headers = {},
  path,
  forwardCredentials = false,
  forwardSetCookie = false,
  heartbeat = {},
  timeouts = {},
  watermark = {},
  maxEventBytes = 16_777_216,
  transform,
  dialect = DIALECTS,
  truncation = 'signal',
  includeUsage = false,
  onEnd,
  metrics,
  fetch,
  dispatcher,
  pool,
  retry = false,
  fallbackOn,
  replayBodyBytes = 1_048_576,
  breaker = false,
  upstreamErrors = 'break',
  forwarded = false,
  budget,
}: ProxyOptions): ProxySettings {
  const { attempts = 2, on = RETRIED, ...delay }: RetryOptions = retry || { attempts: 1 }
  checkFunction('transform', transform)
  checkFunction('onEnd', onEnd)
  checkFunction('fetch', fetch)
  checkDispatcher(dispatcher, { fetch, pool })
  const sinks = metrics === undefined ? [] : [metrics].flat()
  for (const sink of sinks) {
    checkFunction('metrics.streamStarted', sink?.streamStarted ?? null)
    checkFunction('metrics.streamEnded', sink?.streamEnded ?? null)
    checkFunction('metrics.draining', sink?.draining)
  }
  checkChoice('upstreamErrors', upstreamErrors, 'break', 'event-then-break')
  if (budget !== undefined) BudgetLedger.of(budget)
  checkChoice('truncation', truncation, 'signal', 'pass')
  const dialects = dialectList(dialect)
  const isSse = ({ format = 'sse' }: Dialect): boolean => format === 'sse'
  // Created once to check its arguments now.
  relay(new ReadableStream(), [], { watermark })
  return {
    headers: headerChanges(typeof headers === 'function' ? {} : headers),
    headersFor: typeof headers === 'function' ? headers : undefined,
    pathFor: path === undefined ? undefined : pathFunction(path),
    forwardCredentials,
    forwardSetCookie,
    heartbeatFor: heartbeatPlans(heartbeat),
    timeouts: timeoutSettings(timeouts),
    watermark,
    maxEventBytes: checkNumber('maxEventBytes', maxEventBytes, { min: 1, infinity: true }),
    transform,
    dialects,
    dialectsOf: { sse: dialects.filter(isSse), ndjson: dialects.filter((one) => !isSse(one)) },
    isDialectGiven: dialect !== false && !Array.isArray(dialect),
    truncation,
    includeUsage,
    commitAfterMs: commitAfter(heartbeat),
    onEnd,
    metrics: sinks,
    attempts: checkNumber('attempts', attempts, { min: 1 }),
    retryDelayMs: createRetryDelay(delay),
    isRetried: predicate('retry.on', on),
    isFallenBack: predicate('fallbackOn', fallbackOn ?? on),
    isFailure: predicate('breaker.on', (breaker && 'on' in breaker && breaker.on) || isServerError),
    replayBodyBytes: checkNumber('replayBodyBytes', replayBodyBytes, { min: 0 }),
    policyFor: policies(breaker),
    sendsErrors: upstreamErrors === 'event-then-break',
    forwarded: forwarded === false ? undefined : checkForwarded(forwarded),
    budget,
  }
}

function predicate(name: string, rule: StatusRule): (status: number) => boolean {
  if (Array.isArray(rule)) return (status) => rule.includes(status)
  checkFunction(name, rule ?? null)
  return (status) =>
    callHook(name, () => checkSync(name, (rule as (status: number) => boolean)(status))) ?? false
}

function isServerError(status: number): boolean {
  return status >= 500
}

/** Returns one breaker per origin: the failures of one upstream do not count for another. */
function policies(breaker: ProxyOptions['breaker']): (origin: string) => CallPolicy | undefined {
  if (!breaker) return () => undefined
  if ('execute' in breaker) {
    checkFunction('breaker.execute', breaker.execute ?? null)
    return () => breaker
  }
  // Created once to check its arguments now.
  new CircuitBreaker(breaker)
  const byOrigin = new Map<string, CallPolicy>()
  return (origin) => {
    const known = byOrigin.get(origin)
    if (known !== undefined) return known
    const made = new CircuitBreaker(breaker)
    byOrigin.set(origin, made)
    return made
  }
}

/** @throws TypeError for a value that is not a dispatcher, and for a dispatcher together with `fetch` or `pool` */
function checkDispatcher(
  dispatcher: ProxyOptions['dispatcher'],
  others: Pick<ProxyOptions, 'fetch' | 'pool'>,
): void {
  if (dispatcher === undefined) return
  checkFunction('dispatcher.dispatch', dispatcher?.dispatch ?? null)
  for (const [name, other] of Object.entries(others)) {
    if (other === undefined) continue
    throw new TypeError(
      `dispatcher and ${name} must not be given together: both decide how the upstream is reached. Leave out one of them`,
    )
  }
}

const DIALECT_METHODS = ['matchesPath', 'recognizes', 'triage', 'read', 'errorFrame'] as const

function commitAfter(heartbeat: NonNullable<ProxyOptions['heartbeat']>): number {
  const { commitAfterMs = false } = heartbeat === false ? {} : heartbeat
  if (commitAfterMs === false) return Infinity
  return checkNumber('heartbeat.commitAfterMs', commitAfterMs, {
    min: 0,
    infinity: true,
    fraction: true,
  })
}

function dialectList(dialect: false | Dialect | readonly Dialect[]): readonly Dialect[] {
  if (dialect === false) return []
  const list: readonly Dialect[] = Array.isArray(dialect) ? dialect : [dialect as Dialect]
  for (const given of list) {
    for (const name of DIALECT_METHODS) checkFunction(`dialect.${name}`, given?.[name] ?? null)
  }
  return list
}

/** Fills in the default limits. */
export function timeoutSettings({
  connectMs = 10_000,
  headersMs = 600_000,
  firstEventMs = 600_000,
  idleMs = 120_000,
  idleCounts = 'bytes',
  totalMs = 3_600_000,
  clientStallMs = 120_000,
}: TimeoutOptions): Timeouts {
  checkChoice('timeouts.idleCounts', idleCounts, 'bytes', 'events')
  return {
    connectMs: limit('connectMs', connectMs),
    headersMs: limit('headersMs', headersMs),
    firstEventMs: limit('firstEventMs', firstEventMs),
    idleMs: limit('idleMs', idleMs),
    idleCounts,
    totalMs: limit('totalMs', totalMs),
    clientStallMs: limit('clientStallMs', clientStallMs),
  }
}

function limit(name: string, value: number | false): number {
  if (value === false) return Infinity
  return checkNumber(name, value, { min: 1, infinity: true, fraction: true })
}
