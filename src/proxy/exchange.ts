import { callHook } from '../base/call-hook.ts'
import { causeCode } from '../base/cause-code.ts'
import { startDeadline } from '../base/deadline.ts'
import { reportError } from '../base/report-error.ts'
import { roundMs } from '../base/round-ms.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import type { Verdict } from '../base/verdict.ts'
import type { HeaderChanges } from '../http/header-changes.ts'
import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { StreamSummary } from '../transforms/stream-summary.ts'
import type { ProxySettings } from './proxy-settings.ts'

/** What is known of a body that was relayed, at its end. */
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
>

/** What the application makes of a request, whichever upstream it goes to. */
export interface OutgoingRequest {
  /** The client's URL with the path and the query for the upstream. */
  readonly url: string
  readonly headers: HeaderChanges
}

const NO_BODY: BodySummary = {
  events: 0,
  pauses: { count: 0, totalMs: 0 },
  bytesIn: 0,
  bytesOut: 0,
  heartbeats: 0,
}
const NO_GAPS: GapDistribution = { forEach: () => {} }

/**
 * One request through the proxy, from its arrival to its end: who has to be told when the client leaves,
 * and what is reported when it is over. It ends exactly once.
 */
export class Exchange {
  readonly request: Request
  readonly requestedAt: number = performance.now()
  /** What goes to the upstreams, where the application has changed it. */
  outgoing: OutgoingRequest
  /** How often an upstream was asked. */
  attempts = 0
  status = 0
  upstreamStatus: number | undefined
  upstream = 0
  isSse = false
  headersMs: number | undefined
  /** Ends the body that is being relayed. */
  #abortBody: ((reason: unknown) => void) | undefined
  /** Aborts the present call to an upstream. */
  #controller: AbortController | undefined
  #abortReason: { reason: unknown } | undefined
  #stopWaiting: (() => void) | undefined
  readonly #settings: ProxySettings
  readonly #onOver: ((exchange: Exchange) => void) | undefined
  #isClientGone = false
  #isOver = false

  /** @throws TypeError for a request whose body was read before */
  constructor(request: Request, settings: ProxySettings, onOver?: (exchange: Exchange) => void) {
    if (request.bodyUsed || request.body?.locked) {
      throw new TypeError(
        'Cannot pass on the request as its body was read before: read a clone of it instead',
      )
    }
    this.request = request
    this.outgoing = { url: request.url, headers: settings.headers }
    this.#settings = settings
    this.#onOver = onOver
    for (const sink of settings.metrics)
      callHook('metrics.streamStarted', () => sink.streamStarted())
    request.signal.addEventListener('abort', this.#onClientGone)
    if (request.signal.aborted) this.#onClientGone()
  }

  /** Whether the client left, before or during the answer. */
  get isClientGone(): boolean {
    return this.#isClientGone
  }

  /** Breaks off whatever is going on: the upstream's socket closes, a body that is relayed errors. */
  abort(reason: unknown): void {
    this.#abortReason ??= { reason }
    this.#stopWaiting?.()
    this.#controller?.abort(reason)
    this.#abortBody?.(reason)
  }

  /** From now on a body is relayed, which this ends: at once where the exchange was broken off before. */
  relaysBody(abortBody: (reason: unknown) => void): void {
    this.#abortBody = abortBody
    if (this.#abortReason !== undefined) abortBody(this.#abortReason.reason)
  }

  /** The controller of the next call to an upstream: one that is aborted takes no other call with it. */
  newAttempt(): AbortController {
    this.#controller = new AbortController()
    if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason)
    return this.#controller
  }

  /** Breaks off the present call to an upstream, and nothing else. */
  abortAttempt(reason: unknown): void {
    this.#controller?.abort(reason)
  }

  /** Waits, but not beyond the end of the exchange: then it throws the reason. */
  async wait(delayMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    if (this.#abortReason === undefined) {
      await new Promise<void>((resolve) => {
        this.#stopWaiting = resolve
        timer = startDeadline(delayMs, resolve)
      })
    }
    clearTimeout(timer)
    this.#stopWaiting = undefined
    if (this.#abortReason !== undefined) throw this.#abortReason.reason
  }

  /**
   * Waits for what the application computes, but neither beyond the end of the exchange, then it throws the
   * reason, nor longer than `limitMs`.
   */
  async waitFor<T>(work: Promise<T>, limitMs: number, onLimit: () => Error): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#stopWaiting = () => reject(this.#abortReason?.reason)
        if (this.#abortReason !== undefined) this.#stopWaiting()
        else timer = startDeadline(limitMs, () => reject(onLimit()))
        work.then(resolve, reject)
      })
    } finally {
      clearTimeout(timer)
      this.#stopWaiting = undefined
    }
  }

  /** The end, with what it came to. Later ends are ignored. */
  end(
    verdict: Verdict,
    error?: SseKitError,
    body: BodySummary = NO_BODY,
    gaps: GapDistribution = NO_GAPS,
  ): void {
    if (this.#isOver) return
    this.#isOver = true
    this.request.signal.removeEventListener('abort', this.#onClientGone)
    this.#abortBody = undefined
    if (error?.code === 'SSE_INTERNAL') reportError(error.message, error.cause, error.code)
    const summary = this.#summary(this.#isClientGone ? 'client_gone' : verdict, error, body)
    for (const sink of this.#settings.metrics) {
      callHook('metrics.streamEnded', () => sink.streamEnded(summary, gaps))
    }
    callHook('onEnd', () => this.#settings.onEnd?.(summary, { request: this.request, error }))
    this.#onOver?.(this)
  }

  readonly #onClientGone = (): void => {
    this.#isClientGone = true
    this.abort(new SseKitError('SSE_CLIENT_GONE', 'The client left'))
  }

  #summary(verdict: Verdict, error: SseKitError | undefined, body: BodySummary): StreamSummary {
    const isClientGone = verdict === 'client_gone' && error?.code !== 'SSE_CLIENT_STALLED'
    const code = isClientGone ? 'SSE_CLIENT_GONE' : error?.code
    const { phase } = (error ?? {}) as Partial<UpstreamTimeoutError>
    // Of other errors the causes are the application's or the client's, and may hold anything.
    const isUpstreams = verdict === 'upstream_error' || verdict === 'timeout'
    const cause = isUpstreams ? causeCode(error) : undefined
    return {
      verdict,
      ...(verdict !== 'complete' && code !== undefined && { code }),
      ...(cause !== undefined && { causeCode: cause }),
      ...(verdict === 'timeout' && phase !== undefined && { phase }),
      status: this.status,
      ...(this.upstreamStatus !== undefined && { upstreamStatus: this.upstreamStatus }),
      upstream: this.upstream,
      attempts: this.attempts,
      isSse: this.isSse,
      durationMs: roundMs(performance.now() - this.requestedAt),
      ...(this.headersMs !== undefined && { headersMs: roundMs(this.headersMs) }),
      ...body,
    }
  }
}
