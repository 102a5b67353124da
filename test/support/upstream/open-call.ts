import { headerChanges } from '../../../src/http/header-changes.ts'
import { CallContext } from '../../../src/upstream/call-context.ts'
import type { CallPolicy } from '../../../src/upstream/circuit-breaker.ts'
import { dependableCall } from '../../../src/upstream/dependable-call.ts'
import { createRetryDelay } from '../../../src/upstream/retry-delay.ts'
import type { Timeouts } from '../../../src/upstream/timeouts.ts'
import type { CallResult, CallSettings } from '../../../src/upstream/upstream-call.ts'
import type { UpstreamTarget } from '../../../src/upstream/upstream-target.ts'
import { type Reply, type ScriptedRequest, ScriptedTransport } from './scripted-transport.ts'

export const NO_LIMITS: Timeouts = {
  connectMs: Infinity,
  headersMs: Infinity,
  firstEventMs: Infinity,
  idleMs: Infinity,
  idleCounts: 'bytes',
  totalMs: Infinity,
  clientStallMs: Infinity,
}
const FAILED = [429, 500, 502, 503, 504, 529]

export interface OpenCallOptions {
  /** One script per upstream. */
  upstreams: readonly (Reply | readonly Reply[] | ((index: number) => Reply))[]
  timeouts?: Partial<Timeouts>
  policy?: CallPolicy
  settings?: Partial<CallSettings>
  method?: string
  body?: Uint8Array | ReadableStream<Uint8Array> | null
  head?: () => { url: URL; headers: Headers }
}

export interface OpenCall {
  result: Promise<CallResult>
  context: CallContext
  /** The requests that each upstream received. */
  requests: ScriptedRequest[][]
  counts(): number[]
}

/** The target of a scripted upstream. */
export function scriptedTarget(
  transport: ScriptedTransport,
  {
    index = 0,
    timeouts = {},
    policy,
  }: { index?: number; timeouts?: Partial<Timeouts>; policy?: CallPolicy | undefined } = {},
): UpstreamTarget {
  return {
    index,
    base: new URL(`http://up${index}.test/`),
    headers: headerChanges({}),
    transport,
    timeouts: { ...NO_LIMITS, ...timeouts },
    policy,
  }
}

/** Starts a dependable call to scripted upstreams: one attempt each, a retry delay of 100 ms that doubles. */
export function openCall({
  upstreams,
  timeouts,
  policy,
  settings,
  method = 'GET',
  body = null,
  head = () => ({ url: new URL('http://up.test/'), headers: new Headers() }),
}: OpenCallOptions): OpenCall {
  // Finite, so that a timer that is left behind is seen.
  const limits = { headersMs: 10_000, firstEventMs: 10_000, totalMs: 60_000, ...timeouts }
  const transports = upstreams.map((script) => new ScriptedTransport(script))
  const targets = transports.map((transport, index) =>
    scriptedTarget(transport, { index, timeouts: limits, policy }),
  )
  const context = new CallContext()
  const isFailed = (status: number): boolean => FAILED.includes(status)
  const result = dependableCall(
    { method, body, head },
    targets,
    {
      attempts: 1,
      retryDelayMs: createRetryDelay({ baseMs: 100, maxMs: 5_000, jitter: 0 }),
      isRetried: isFailed,
      isFallenBack: isFailed,
      isFailure: (status) => status >= 500,
      replayBodyBytes: 1_000,
      maxEventBytes: 1_000,
      ...settings,
    },
    context,
  )
  return {
    result,
    context,
    requests: transports.map(({ requests }) => requests),
    counts: () => transports.map(({ requests }) => requests.length),
  }
}
