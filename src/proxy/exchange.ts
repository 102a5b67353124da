import { callHook } from '../base/call-hook.ts'
import { causeCode } from '../base/cause-code.ts'
import type { ClientRequest } from '../base/client-request.ts'
import { reportError } from '../base/report-error.ts'
import { roundMs } from '../base/round-ms.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import type { HeaderChanges } from '../http/header-changes.ts'
import { CallContext } from '../upstream/call-context.ts'
import type { CallTrace } from '../upstream/upstream-call.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import { type Decision, decideVerdict, type OriginEnd } from './decide-verdict.ts'
import { guessDialect } from './guess-dialect.ts'
import type { StreamDetails } from './metrics-sink.ts'
import type { ProxySettings } from './proxy-settings.ts'
import type { StreamSummary } from './stream-summary.ts'

/** The figures of a relayed body, at its end. */
export type BodySummary = Pick<
  StreamSummary,
  | 'firstItemMs'
  | 'firstEventMs'
  | 'events'
  | 'gaps'
  | 'pauses'
  | 'bytesIn'
  | 'bytesOut'
  | 'heartbeats'
  | 'llm'
>

/** When the parts of that body arrived. */
export type BodyTimes = Pick<StreamDetails, 'gaps' | 'contentGaps' | 'contentMs'>

/** The request for any upstream, after the application's functions for path and headers. */
export interface OutgoingRequest {
  /** The client's URL with the path and the query for the upstream. */
  readonly url: URL
  readonly headers: HeaderChanges
}

const NO_BODY: BodySummary = {
  events: 0,
  pauses: { count: 0, totalMs: 0 },
  bytesIn: 0,
  bytesOut: 0,
  heartbeats: 0,
}
const NO_GAPS: StreamDetails['gaps'] = { forEach: () => {} }
const NO_TIMES: BodyTimes = { gaps: NO_GAPS, contentGaps: NO_GAPS, contentMs: 0 }

/**
 * One request through the proxy, from its arrival to its end. Aborts its calls and its body when the client leaves, and
 * reports its summary exactly once.
 */
export class Exchange {
  readonly client: ClientRequest
  /** Aborts the calls to upstreams. */
  readonly context: CallContext = new CallContext()
  /** The request for the upstreams. */
  outgoing: OutgoingRequest
  /** What happened before the response. */
  trace: CallTrace = { attempts: 0, upstream: 0 }
  /** The upstreams that may serve it. */
  targets: readonly UpstreamTarget[] = []
  status = 0
  isSse = false
  /** Whether the proxy asked for usage that the client did not ask for. */
  hidesUsage = false
  /** Errors the relayed body. */
  #abortBody: ((reason: unknown) => void) | undefined
  readonly #settings: ProxySettings
  readonly #onOver: ((exchange: Exchange) => void) | undefined
  #isClientGone = false
  #isOver = false

  constructor(
    client: ClientRequest,
    settings: ProxySettings,
    onOver?: (exchange: Exchange) => void,
  ) {
    this.client = client
    this.outgoing = { url: client.url, headers: settings.headers }
    this.#settings = settings
    this.#onOver = onOver
    for (const sink of settings.metrics)
      callHook('metrics.streamStarted', () => sink.streamStarted())
    client.onGone(this.#onClientGone)
    if (client.isGone) this.#onClientGone()
  }

  /** Aborts the calls to upstreams, whose sockets close, and errors the relayed body. */
  abort(reason: unknown): void {
    this.context.abort(reason)
    this.#abortBody?.(reason)
  }

  /** Registers what errors the relayed body. Calls it at once if the exchange was aborted before. */
  relaysBody(abortBody: (reason: unknown) => void): void {
    this.#abortBody = abortBody
    const { aborted } = this.context
    if (aborted !== undefined) abortBody(aborted.reason)
  }

  /** Decides how the exchange ends, from the end of the upstream's side. */
  decide(end: OriginEnd): Decision {
    return decideVerdict(end, { isGone: this.#isClientGone })
  }

  /** Ends the exchange and reports it. Later calls do nothing. */
  end(decision: Decision, body: BodySummary = NO_BODY, times: BodyTimes = NO_TIMES): void {
    if (this.#isOver) return
    this.#isOver = true
    const { client } = this
    client.onGone(undefined)
    this.#abortBody = undefined
    const { error } = decision
    if (error?.code === 'SSE_INTERNAL') reportError(error.message, error.cause, error.code)
    const summary = this.#summary(decision, body)
    const details = this.#details(times)
    for (const sink of this.#settings.metrics) {
      callHook('metrics.streamEnded', () => sink.streamEnded(summary, details))
    }
    const { onEnd } = this.#settings
    if (onEnd !== undefined) {
      const context = {
        get request(): Request {
          return client.request
        },
        error,
      }
      callHook('onEnd', () => onEnd(summary, context))
    }
    this.#onOver?.(this)
  }

  readonly #onClientGone = (): void => {
    this.#isClientGone = true
    this.abort(new SseKitError('SSE_CLIENT_GONE', 'The client left'))
  }

  #details(times: BodyTimes): StreamDetails {
    const { name: requestDialect } = guessDialect(
      this.outgoing.url.pathname,
      this.#settings.dialects,
    )
    // With a function for an upstream there is one target, which has its place in the list of allowed ones.
    const target = this.targets.find(({ index }) => index === this.trace.upstream)
    return { ...times, requestDialect, ...(target && { upstreamUrl: target.base }) }
  }

  #summary({ verdict, code, error }: Decision, body: BodySummary): StreamSummary {
    const { attempts, upstream, upstreamStatus, headersMs } = this.trace
    const { phase } = (error ?? {}) as Partial<UpstreamTimeoutError>
    // The causes of other errors come from the application or the client, and may contain anything.
    const isUpstreams = verdict === 'upstream_error' || verdict === 'timeout'
    const cause = isUpstreams ? causeCode(error) : undefined
    return {
      verdict,
      ...(code !== undefined && { code }),
      ...(cause !== undefined && { causeCode: cause }),
      ...(verdict === 'timeout' && phase !== undefined && { phase }),
      status: this.status,
      ...(upstreamStatus !== undefined && { upstreamStatus }),
      upstream,
      attempts,
      isSse: this.isSse,
      durationMs: roundMs(performance.now() - this.context.requestedAt),
      ...(headersMs !== undefined && { headersMs: roundMs(headersMs) }),
      ...body,
    }
  }
}
