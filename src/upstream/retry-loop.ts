import { outcomeOf } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { BufferedResponse } from './buffered-response.ts'
import type { CallContext } from './call-context.ts'
import type { RequestReplay } from './request-replay.ts'
import { retryAfterMs } from './retry-delay.ts'
import type { AttemptResult, CallResult, CallSettings, CallTrace } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What the loop needs from outside. */
export interface RetryLoopOptions {
  context: CallContext
  settings: CallSettings
  replay: RequestReplay | undefined
  /** Makes one attempt, and never rejects. */
  attemptAt: (target: UpstreamTarget) => Promise<AttemptResult>
}

/**
 * Asks the upstreams in order, and after a wait all of them again, until one gives an answer worth passing on.
 *
 * Holds the last answer that was not good enough, as a {@link BufferedResponse}.
 */
export class RetryLoop {
  readonly #options: RetryLoopOptions
  readonly #trace: CallTrace = { attempts: 0, upstream: 0 }
  /** The last answer that was not good enough. */
  #kept: BufferedResponse | undefined
  /** The last error, of the upstream that is named by the index. */
  #failure: { error: unknown; index: number } | undefined

  constructor(options: RetryLoopOptions) {
    this.#options = options
  }

  /** Returns the answer, the last one there was if none was good, or the last error. */
  async run(targets: readonly UpstreamTarget[]): Promise<CallResult> {
    const { context, settings } = this.#options
    for (let round = 1; ; round++) {
      let wasAsked = false
      let askedToWaitMs: number | undefined
      for (const [place, target] of targets.entries()) {
        const isLast = place === targets.length - 1
        const result = await this.#ask(target)
        const isFailed = isLast ? settings.isRetried : settings.isFallenBack
        const isWorthAnother = canBeBettered(result, isFailed)
        const isFinal = (isLast && round >= settings.attempts) || !this.#isRepeatable()
        if (!isWorthAnother || isFinal) return await this.#settle(result, target, isWorthAnother)
        this.#remember(result, target)
        if (result.answer === undefined && refusalOf(result.error) !== undefined) continue
        wasAsked = true
        if (result.answer !== undefined) {
          askedToWaitMs = shorter(askedToWaitMs, retryAfterMs(result.answer.headers))
        }
      }
      const delayMs = settings.retryDelayMs(round, askedToWaitMs)
      // Nobody was let through to any of them, or there is no time left: waiting would not help.
      if (!wasAsked || delayMs >= this.#leftMs(targets)) return await this.#best()
      try {
        await context.wait(delayMs)
      } catch (error) {
        return { error, trace: this.#trace }
      }
    }
  }

  /** Lets go of what was kept and not taken. */
  end(): void {
    this.#kept?.drop()
  }

  async #ask(target: UpstreamTarget): Promise<AttemptResult> {
    const trace = this.#trace
    const result = await this.#options.attemptAt(target)
    trace.upstream = target.index
    if (result.wasAsked) {
      trace.attempts++
      trace.upstreamStatus = result.status
      trace.headersMs = result.headersMs
    }
    return result
  }

  /** The end: what came last is passed on, unless what came before says more. */
  async #settle(
    result: AttemptResult,
    target: UpstreamTarget,
    isWorthAnother: boolean,
  ): Promise<CallResult> {
    const trace = this.#trace
    if (result.answer !== undefined) return { answer: result.answer, trace }
    if (!isWorthAnother) return { error: result.error, trace }
    this.#remember(result, target)
    return this.#best()
  }

  #remember(result: AttemptResult, { index }: UpstreamTarget): void {
    if (result.answer !== undefined) {
      // Nobody will wait for its events: without this a policy would count the call as running for ever.
      result.answer.firstEvent?.came()
      this.#kept?.drop()
      this.#kept = new BufferedResponse(result.answer)
      return
    }
    // An upstream that was not even asked says less than one that failed.
    const refusedMs = refusalOf(result.error)
    const before = refusalOf(this.#failure?.error)
    const isSooner = refusedMs !== undefined && before !== undefined && refusedMs < before
    if (this.#failure === undefined || refusedMs === undefined || isSooner) {
      this.#failure = { error: result.error, index }
    }
  }

  async #best(): Promise<CallResult> {
    const trace = this.#trace
    const answer = await this.#kept?.take()
    if (answer !== undefined) {
      // It was given to another request than the one that may still be reading the body.
      const { replay } = this.#options
      replay?.cancel(new SseKitError('SSE_UPSTREAM_STATUS', 'The upstream answered before'))
      // Others may have been asked since.
      trace.upstream = answer.target.index
      trace.upstreamStatus = answer.status
      trace.headersMs = answer.headersMs
      return { answer, trace }
    }
    const { error, index } = this.#failure as { error: unknown; index: number }
    trace.upstream = index
    return { error, trace }
  }

  #isRepeatable(): boolean {
    return this.#options.replay?.isReplayable !== false
  }

  #leftMs(targets: readonly UpstreamTarget[]): number {
    const totalMs = targets[0]?.timeouts.totalMs ?? Infinity
    return this.#options.context.requestedAt + totalMs - performance.now()
  }
}

/** Whether another try, or another upstream, may give something better. */
function canBeBettered(
  result: AttemptResult,
  isStatusFailed: (status: number) => boolean,
): boolean {
  if (result.answer !== undefined) return isStatusFailed(result.answer.status)
  const { phase } = (result.error ?? {}) as { phase?: string }
  return outcomeOf(result.error).isUpstreamFault && phase !== 'total'
}

/** For how long a breaker refuses calls, if that is what the error says. */
function refusalOf(error: unknown): number | undefined {
  const { code, retryAfterMs } = (error ?? {}) as { code?: string; retryAfterMs?: number }
  return code === 'SSE_CIRCUIT_OPEN' ? retryAfterMs : undefined
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}
