import { CircuitBreaker } from '../upstream/circuit-breaker.ts'
import { attempt, type Reached } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { ReplayBody } from './replay-body.ts'
import { UpstreamSearch } from './upstream-search.ts'
import type { UpstreamTarget } from './upstream-target.ts'

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
  const isAskedAgain = targets.length > 1 || settings.attempts > 1
  const [first] = targets as readonly [UpstreamTarget]
  if (!isAskedAgain && first.policy === undefined) {
    exchange.upstream = first.index
    const options = { target: first, waitsForFirstEvent: false }
    return attempt(exchange, settings, options, exchange.newAttempt())
  }
  // A policy of the application may try again by itself.
  const isReplayed = isAskedAgain || !(first.policy instanceof CircuitBreaker)
  const maxBytes = isReplayed ? settings.replayBodyBytes : 0
  const replay = request.body === null ? undefined : new ReplayBody(request.body, maxBytes)
  const search = new UpstreamSearch(exchange, settings, replay, isAskedAgain)
  try {
    return await search.run(targets)
  } catch (error) {
    replay?.cancel(error)
    throw error
  } finally {
    search.end()
    replay?.release()
  }
}
