import { attempt } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { guardedAttempt } from './guarded-attempt.ts'
import { PhaseLimit } from './phase-limit.ts'
import { RequestReplay } from './request-replay.ts'
import { RetryLoop } from './retry-loop.ts'
import type { AttemptResult, CallResult, CallSettings, UpstreamCall } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/**
 * Sends a request to the upstreams, in order and as often as the settings say, until one responds without a failure.
 * Returns that response, else the last one, else the last error, each with what happened on the way. Nothing has
 * gone to the client by then. Never rejects.
 *
 * - Holds what {@link RequestReplay} and {@link RetryLoop} hold, until it returns.
 * - Cancel: when the context is aborted, the socket closes, the request's body is cancelled, and the reason is
 *   returned as the error.
 */
export async function dependableCall(
  call: UpstreamCall,
  targets: readonly UpstreamTarget[],
  settings: CallSettings,
  context: CallContext,
): Promise<CallResult> {
  const { requestedAt } = context
  const { maxEventBytes, replayBodyBytes, isFailure } = settings
  const mayRepeat = targets.length > 1 || settings.attempts > 1
  const { body } = call
  const isWhole = body === null || body instanceof Uint8Array
  // Also for a single attempt: it tells an upload that breaks from an upstream that fails.
  const replay = isWhole ? undefined : new RequestReplay(body, mayRepeat ? replayBodyBytes : 0)
  const isReplayable = (): boolean =>
    isWhole ? (body?.length ?? 0) <= replayBodyBytes : replay?.isReplayable === true
  const loop = new RetryLoop({ context, settings, replay, isReplayable, attemptAt })
  const result = await loop.run(targets)
  loop.end()
  if (result.response === undefined) replay?.cancel(result.error)
  else replay?.release()
  return result

  function attemptAt(target: UpstreamTarget): Promise<AttemptResult> {
    const { policy, timeouts } = target
    const { headersMs, totalMs } = timeouts
    const aborter = context.newAttempt()
    // It runs from here on, so that a policy that delays the attempt is limited too.
    const limit = new PhaseLimit('headers', headersMs, performance.now(), { requestedAt, totalMs })
    const stopHeadersLimit = limit.start(aborter)
    const run = (): Promise<AttemptResult> =>
      attempt({
        call,
        target,
        requestedAt,
        aborter,
        stopHeadersLimit,
        replay,
        waitsForFirstEvent: mayRepeat,
        maxEventBytes,
      })
    if (policy === undefined) return run()
    // A policy may refuse before the attempt.
    return guardedAttempt(policy, aborter, isFailure, run).finally(stopHeadersLimit)
  }
}
