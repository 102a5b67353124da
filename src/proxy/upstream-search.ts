import { outcomeOf } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { retryAfterMs } from '../upstream/retry-delay.ts'
import { attempt, type Reached } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { guardedAttempt } from './guarded-attempt.ts'
import { KeptAnswer } from './kept-answer.ts'
import type { ProxySettings } from './proxy-settings.ts'
import type { ReplayBody } from './replay-body.ts'
import type { UpstreamTarget } from './upstream-target.ts'

type Outcome = { reached: Reached } | { error: unknown }

/**
 * The search for an upstream that gives an answer worth passing on: all in order, and after a wait all again.
 *
 * Holds the last answer that was not good enough, as a {@link KeptAnswer}.
 */
export class UpstreamSearch {
  readonly #exchange: Exchange
  readonly #settings: ProxySettings
  readonly #replay: ReplayBody | undefined
  readonly #waitsForFirstEvent: boolean
  /** The last answer that was not good enough. */
  #kept: KeptAnswer | undefined
  /** The last error, of the upstream that is named by the index. */
  #failure: { error: unknown; index: number } | undefined

  constructor(
    exchange: Exchange,
    settings: ProxySettings,
    replay: ReplayBody | undefined,
    waitsForFirstEvent: boolean,
  ) {
    this.#exchange = exchange
    this.#settings = settings
    this.#replay = replay
    this.#waitsForFirstEvent = waitsForFirstEvent
  }

  /** @throws the last error, if no upstream answered */
  async run(targets: readonly UpstreamTarget[]): Promise<Reached> {
    const { attempts, isRetried, isFallenBack } = this.#settings
    for (let round = 1; ; round++) {
      let wasAsked = false
      let askedToWaitMs: number | undefined
      for (const [place, target] of targets.entries()) {
        const isLast = place === targets.length - 1
        const outcome = await this.#ask(target)
        const isWorthAnother = canBeBettered(outcome, isLast ? isRetried : isFallenBack)
        const isFinal = (isLast && round >= attempts) || !this.#isRepeatable()
        if (!isWorthAnother || isFinal) return await this.#settle(outcome, target, isWorthAnother)
        this.#remember(outcome, target)
        if (isRefused(outcome)) continue
        wasAsked = true
        if ('reached' in outcome) {
          askedToWaitMs = shorter(askedToWaitMs, retryAfterMs(outcome.reached.response.headers))
        }
      }
      const delayMs = this.#settings.retryDelayMs(round, askedToWaitMs)
      // Nobody was let through to any of them, or there is no time left: waiting would not help.
      if (!wasAsked || delayMs >= this.#leftMs(targets)) return await this.#best()
      await this.#exchange.wait(delayMs)
    }
  }

  /** Lets go of what was kept and not taken. */
  end(): void {
    this.#kept?.drop()
  }

  async #ask(target: UpstreamTarget): Promise<Outcome> {
    const exchange = this.#exchange
    exchange.upstream = target.index
    const options = {
      target,
      replay: this.#replay,
      waitsForFirstEvent: this.#waitsForFirstEvent,
    }
    const { policy } = target
    try {
      const reached =
        policy === undefined
          ? attempt(exchange, this.#settings, options, exchange.newAttempt())
          : guardedAttempt(exchange, this.#settings, { ...options, policy })
      return { reached: await reached }
    } catch (error) {
      return { error }
    }
  }

  /** The end of the search: what came last is passed on, unless what came before says more. */
  async #settle(
    outcome: Outcome,
    target: UpstreamTarget,
    isWorthAnother: boolean,
  ): Promise<Reached> {
    if ('reached' in outcome) return outcome.reached
    if (!isWorthAnother) throw outcome.error
    this.#remember(outcome, target)
    return this.#best()
  }

  #remember(outcome: Outcome, { index }: UpstreamTarget): void {
    if ('reached' in outcome) {
      // Nobody will wait for its events: without this a policy would count the call as running for ever.
      outcome.reached.onFirstEvent()
      this.#kept?.drop()
      this.#kept = new KeptAnswer(outcome.reached)
      return
    }
    // An upstream that was not even asked says less than one that failed.
    if (this.#failure === undefined || !isRefused(outcome) || isSooner(outcome, this.#failure)) {
      this.#failure = { error: outcome.error, index }
    }
  }

  async #best(): Promise<Reached> {
    const answer = await this.#kept?.take()
    if (answer !== undefined) {
      // It was given to another request than the one that may still be reading the body.
      this.#replay?.cancel(new SseKitError('SSE_UPSTREAM_STATUS', 'The upstream answered before'))
      return answer
    }
    const { error, index } = this.#failure as { error: unknown; index: number }
    this.#exchange.upstream = index
    throw error
  }

  #isRepeatable(): boolean {
    return this.#replay?.isReplayable !== false
  }

  #leftMs(targets: readonly UpstreamTarget[]): number {
    const totalMs = targets[0]?.timeouts.totalMs ?? Infinity
    return this.#exchange.requestedAt + totalMs - performance.now()
  }
}

/** Whether another try, or another upstream, may give something better. */
function canBeBettered(outcome: Outcome, isStatusFailed: (status: number) => boolean): boolean {
  if ('reached' in outcome) return isStatusFailed(outcome.reached.response.status)
  const { phase } = (outcome.error ?? {}) as { phase?: string }
  return outcomeOf(outcome.error).isUpstreamFault && phase !== 'total'
}

function isRefused(outcome: Outcome): boolean {
  return 'error' in outcome && refusalOf(outcome.error) !== undefined
}

/** Whether one that was refused may be asked before the other, which was refused too. */
function isSooner(outcome: Outcome, before: { error: unknown }): boolean {
  const now = 'error' in outcome ? refusalOf(outcome.error) : undefined
  const then = refusalOf(before.error)
  return now !== undefined && then !== undefined && now < then
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
