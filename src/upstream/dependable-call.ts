import { type AttemptOptions, attempt } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { guardedAttempt } from './guarded-attempt.ts'
import { RequestReplay } from './request-replay.ts'
import { RetryLoop } from './retry-loop.ts'
import type { AttemptResult, CallResult, CallSettings, UpstreamCall } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/**
 * Asks the upstreams, in order and as often as the settings say, until one gives an answer that is worth
 * passing on, and returns that one, the last one that there was, or the last error, with what happened. Nothing
 * goes to the client. Never rejects.
 *
 * - Holds what {@link RequestReplay} and {@link RetryLoop} hold, until it returns.
 * - Cancel: when the context is aborted, the socket closes and the reason is returned as the error.
 */
export async function dependableCall(
  call: UpstreamCall,
  targets: readonly UpstreamTarget[],
  settings: CallSettings,
  context: CallContext,
): Promise<CallResult> {
  const isAskedAgain = targets.length > 1 || settings.attempts > 1
  const { requestedAt } = context
  const { maxEventBytes, replayBodyBytes, isFailure } = settings
  const [first] = targets as readonly [UpstreamTarget]
  const run = (
    target: UpstreamTarget,
    given: Pick<AttemptOptions, 'waitsForFirstEvent'>,
  ): Promise<AttemptResult> => {
    const ask = (controller: AbortController): Promise<AttemptResult> =>
      attempt({ call, target, requestedAt, controller, maxEventBytes, replay, ...given })
    const { policy } = target
    return policy === undefined
      ? ask(context.newAttempt())
      : guardedAttempt(policy, context, isFailure, ask)
  }
  // Also for a policy: it must not take the fault of a client whose upload breaks for the upstream's.
  const isWatched = isAskedAgain || first.policy !== undefined
  const replay =
    call.body === null || !isWatched
      ? undefined
      : new RequestReplay(call.body, isAskedAgain ? replayBodyBytes : 0)
  const result = isAskedAgain ? await loop() : await once()
  if (result.answer === undefined) replay?.cancel(result.error)
  else replay?.release()
  return result

  async function once(): Promise<CallResult> {
    const { wasAsked, status, headersMs, ...came } = await run(first, { waitsForFirstEvent: false })
    const trace = {
      attempts: wasAsked ? 1 : 0,
      upstream: first.index,
      upstreamStatus: status,
      headersMs,
    }
    return { ...came, trace }
  }

  async function loop(): Promise<CallResult> {
    const attemptAt = (target: UpstreamTarget): Promise<AttemptResult> =>
      run(target, { waitsForFirstEvent: true })
    const loop = new RetryLoop({ context, settings, replay, attemptAt })
    const result = await loop.run(targets)
    loop.end()
    return result
  }
}
