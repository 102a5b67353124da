import { outcomeOf } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { BufferedResponse } from './buffered-response.ts'
import type { CallContext } from './call-context.ts'
import { PhaseLimit } from './phase-limit.ts'
import type { RequestReplay } from './request-replay.ts'
import { retryAfterMs } from './retry-delay.ts'
import type { AttemptResult, CallResult, CallSettings, CallTrace } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What a retry loop depends on. */
export interface RetryLoopOptions {
  context: CallContext
  settings: CallSettings
  replay: RequestReplay | undefined
  /** Whether the request's body can be sent again. */
  isReplayable: () => boolean
  /** Makes one attempt, and never rejects. */
  attemptAt: (target: UpstreamTarget) => Promise<AttemptResult>
}

/**
 * Tries the upstreams in order, and after a delay all of them again, until one responds without a failure.
 *
 * Holds the last failed response, as a {@link BufferedResponse}.
 */
export class RetryLoop {
  readonly #options: RetryLoopOptions
  readonly #trace: CallTrace = { attempts: 0, upstream: 0 }
  /** The last failed response. */
  #buffered: BufferedResponse | undefined
  /** The last error, and the index of its upstream. */
  #failure: { error: unknown; index: number } | undefined

  constructor(options: RetryLoopOptions) {
    this.#options = options
  }

  /** Returns the first response without a failure, else the last response, else the last error. */
  async run(targets: readonly UpstreamTarget[]): Promise<CallResult> {
    const { context, settings, isReplayable, attemptAt } = this.#options
    for (let round = 1; ; round++) {
      let wasRefused = true
      let retryAfter: number | undefined
      let delayMs = 0
      for (const [place, target] of targets.entries()) {
        const isLast = place === targets.length - 1
        const result = await attemptAt(target)
        this.#note(result, target)
        const isFailed = isLast ? settings.isRetried : settings.isFallenBack
        if (!isRetryable(result, isFailed)) return this.#done(result)
        if (result.response !== undefined) {
          retryAfter = shorter(retryAfter, retryAfterMs(result.response.headers))
        }
        wasRefused &&= result.response === undefined && refusalOf(result.error) !== undefined
        const total = totalLimit(targets, context)
        let isOver = !isReplayable()
        if (isLast) {
          delayMs = settings.retryDelayMs(round, retryAfter)
          // With every circuit open, or no time left, another round cannot help.
          isOver ||= round >= settings.attempts || wasRefused || delayMs >= total.leftMs
        }
        if (isOver && result.response !== undefined) return this.#done(result)
        this.#remember(result, target)
        if (isOver) return await this.#best(total)
      }
      try {
        await context.wait(delayMs)
      } catch (error) {
        return { error, trace: this.#trace }
      }
    }
  }

  /** Drops the response that was buffered and not taken. */
  end(): void {
    this.#buffered?.drop()
  }

  #note(result: AttemptResult, target: UpstreamTarget): void {
    const trace = this.#trace
    trace.upstream = target.index
    if (result.wasSent) {
      trace.attempts++
      trace.upstreamStatus = result.status
      trace.headersMs = result.headersMs
    }
  }

  #done(result: AttemptResult): CallResult {
    const trace = this.#trace
    const { response } = result
    return response === undefined ? { error: result.error, trace } : { response, trace }
  }

  #remember(result: AttemptResult, { index }: UpstreamTarget): void {
    if (result.response !== undefined) {
      // Its events are never read: without this a policy would count the call as running forever.
      result.response.firstEvent?.came()
      this.#buffered?.drop()
      this.#buffered = new BufferedResponse(result.response)
      return
    }
    // A refusal says less than the failure of an upstream that was asked, and a long one less than a short one.
    const refusedMs = refusalOf(result.error)
    const before = refusalOf(this.#failure?.error)
    const isSooner = refusedMs !== undefined && before !== undefined && refusedMs < before
    if (this.#failure === undefined || refusedMs === undefined || isSooner) {
      this.#failure = { error: result.error, index }
    }
  }

  /** Returns the buffered response, else the error remembered last. */
  async #best(total: PhaseLimit): Promise<CallResult> {
    const trace = this.#trace
    const { context, replay } = this.#options
    if (this.#buffered !== undefined) {
      try {
        const taken = this.#buffered.take()
        const response = await context.waitFor(taken, total.leftMs, () => total.toError())
        if (response !== undefined) {
          // A later attempt may still be reading the request's body.
          replay?.cancel(new SseKitError('SSE_UPSTREAM_STATUS', 'An earlier response is used'))
          trace.upstream = response.target.index
          trace.upstreamStatus = response.status
          trace.headersMs = response.headersMs
          return { response, trace }
        }
      } catch (error) {
        return { error, trace }
      }
    }
    const { error, index } = this.#failure as { error: unknown; index: number }
    trace.upstream = index
    return { error, trace }
  }
}

function totalLimit([first]: readonly UpstreamTarget[], { requestedAt }: CallContext): PhaseLimit {
  const totalMs = first?.timeouts.totalMs ?? Infinity
  return new PhaseLimit('total', totalMs, requestedAt, { requestedAt, totalMs })
}

/** Whether another attempt, or another upstream, may do better. */
function isRetryable(result: AttemptResult, isFailedStatus: (status: number) => boolean): boolean {
  if (result.response !== undefined) return isFailedStatus(result.response.status)
  const { phase } = (result.error ?? {}) as { phase?: string }
  return outcomeOf(result.error).isUpstreamFault && phase !== 'total'
}

/** For how many milliseconds a breaker refuses calls, if the error is such a refusal. */
function refusalOf(error: unknown): number | undefined {
  const { code, retryAfterMs } = (error ?? {}) as { code?: string; retryAfterMs?: number }
  return code === 'SSE_CIRCUIT_OPEN' ? retryAfterMs : undefined
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}
