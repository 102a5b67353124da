import { SseKitError } from '../base/sse-kit-error.ts'
import { retryAfterMs } from '../upstream/retry-delay.ts'
import { attempt, type Reached } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { ReplayBody } from './replay-body.ts'
import type { UpstreamTarget } from './upstream-target.ts'
import { verdictOf } from './verdict-of.ts'

type Outcome = { reached: Reached } | { error: unknown }

/**
 * Asks the upstreams, in order and as often as the settings say, until one gives an answer that is worth
 * passing on, and returns that one, or the last one that there was. Nothing has gone to the client so far.
 *
 * @throws the last error, if no upstream answered
 */
export async function reachUpstream(
  exchange: Exchange,
  targets: readonly UpstreamTarget[],
  settings: ProxySettings,
): Promise<Reached> {
  const { request } = exchange
  const isOnce = targets.length === 1 && settings.attempts === 1
  if (isOnce) {
    const [target] = targets as [UpstreamTarget]
    exchange.attempts = 1
    return attempt(exchange, settings, { target, body: request.body, waitsForFirstEvent: false })
  }
  const replay = request.body && new ReplayBody(request.body, settings.replayBodyBytes)
  try {
    return await reachOneOf(exchange, targets, settings, replay)
  } catch (error) {
    replay?.cancel(error)
    throw error
  } finally {
    replay?.release()
  }
}

async function reachOneOf(
  exchange: Exchange,
  targets: readonly UpstreamTarget[],
  settings: ProxySettings,
  replay: ReplayBody | null,
): Promise<Reached> {
  let last: Outcome | undefined
  for (let round = 1; ; round++) {
    let askedToWaitMs: number | undefined
    for (const [index, target] of targets.entries()) {
      const outcome = await ask(exchange, target, index, settings, replay)
      // An upstream that was not even asked says less than one that answered badly.
      if (last === undefined || !isRefusedByBreaker(outcome)) {
        dropBody(last)
        last = outcome
      }
      if ('reached' in outcome) {
        askedToWaitMs = shorter(askedToWaitMs, retryAfterMs(outcome.reached.response.headers))
      }
      const isLast = index === targets.length - 1
      if (!isWorthAnother(outcome, isLast ? settings.isRetried : settings.isFallenBack)) {
        return take(outcome)
      }
      if (replay?.isReplayable === false) return take(outcome)
    }
    if (round >= settings.attempts) return take(last as Outcome)
    await exchange.wait(settings.retryDelayMs(round, askedToWaitMs))
  }
}

async function ask(
  exchange: Exchange,
  target: UpstreamTarget,
  index: number,
  settings: ProxySettings,
  replay: ReplayBody | null,
): Promise<Outcome> {
  exchange.upstream = index
  exchange.attempts++
  try {
    const body = replay?.stream() ?? null
    return {
      reached: await attempt(exchange, settings, { target, body, waitsForFirstEvent: true }),
    }
  } catch (error) {
    return { error }
  }
}

function isWorthAnother(outcome: Outcome, isStatusFailed: (status: number) => boolean): boolean {
  if ('reached' in outcome) return isStatusFailed(outcome.reached.response.status)
  const verdict = verdictOf(outcome.error)
  return verdict === 'upstream_error' || (verdict === 'timeout' && !isTotal(outcome.error))
}

function isTotal(error: unknown): boolean {
  return (error as { phase?: string }).phase === 'total'
}

function isRefusedByBreaker(outcome: Outcome): boolean {
  return 'error' in outcome && (outcome.error as { code?: string }).code === 'SSE_CIRCUIT_OPEN'
}

function take(outcome: Outcome): Reached {
  if ('reached' in outcome) return outcome.reached
  throw outcome.error
}

/** An answer that is not passed on: its socket is of use to the next request only when it is read or closed. */
function dropBody(outcome: Outcome | undefined): void {
  if (outcome === undefined || !('reached' in outcome)) return
  const { reached } = outcome
  reached.onFirstEvent(new SseKitError('SSE_UPSTREAM_STATUS', 'The answer was not passed on'))
  // Whether it can be cancelled or has failed already comes to the same.
  reached.body?.cancel().catch(() => {})
}

function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}
