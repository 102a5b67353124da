import { CircuitOpenError } from '../base/circuit-open-error.ts'
import { isSseKitError, outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { reportError } from '../base/report-error.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import type { CallContext } from './call-context.ts'
import { type CallPolicy, CircuitBreaker } from './circuit-breaker.ts'
import { FirstEvent } from './first-event.ts'
import type { AttemptResult } from './upstream-call.ts'

/** What a client is told of a policy that refuses and does not say for how long. */
const UNKNOWN_WAIT_MS = 1_000
const LATE_CALL =
  'Policy called its function after its execute() had settled, so the upstream was not asked: await the call inside execute()'
const SECOND_CALL =
  'Policy called its function a second time, so the upstream was not asked again: leave retries to the option "retry", which calls execute() once per attempt'

const reported = new WeakSet<CallPolicy>()

/** One attempt, to be aborted by its controller. */
export type RunAttempt = (controller: AbortController) => Promise<AttemptResult>

/**
 * Makes one attempt inside of one `execute()` of a policy, which learns of the outcome when the first event has come.
 *
 * A policy of the application may refuse without a call, give up during it, swallow its failure, or not wait for it.
 * Whatever it does, what counts is what the upstream said. Later and further calls are refused and reported.
 */
export function guardedAttempt(
  policy: CallPolicy,
  context: CallContext,
  isFailure: (status: number) => boolean,
  run: RunAttempt,
): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const isOurs = policy instanceof CircuitBreaker
    let state: 'waiting' | 'running' | 'ended' = 'waiting'
    let result: AttemptResult | undefined
    /** Whether the policy's promise has settled. */
    let hasSettled = false
    // Before the policy runs: it may let a call wait in a line, and the client may leave meanwhile.
    const controller = context.newAttempt()
    const { signal } = controller
    const refuse = (error: unknown): void => resolve({ error, wasAsked: state !== 'waiting' })
    const onAbort = (): void => refuse(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) {
      onAbort()
      return
    }
    /** With which the policy may abort the call. */
    let stop: AbortSignal | undefined

    const call = (options?: { signal?: AbortSignal }): Promise<void> => {
      const asked = ask(options?.signal)
      // A policy need not wait for its call, and an unhandled rejection ends the process.
      asked.catch(() => {})
      return asked
    }

    const ask = async (policySignal: AbortSignal | undefined): Promise<void> => {
      signal.removeEventListener('abort', onAbort)
      if (state !== 'waiting' || hasSettled) {
        if (policySignal?.aborted !== true) reportMisuse(policy, state === 'waiting')
        throw failureOf(result)
      }
      state = 'running'
      stop = policySignal
      const unfollow = follow(stop, controller)
      const came = await run(controller)
      state = 'ended'
      if (came.answer === undefined || isFailure(came.answer.status)) {
        unfollow()
        result = came
        // The policy did not wait for this.
        if (hasSettled) resolve(came)
        tell(failureOf(came))
        // Other policies know no errors that count for nothing; this one must not open a circuit.
        resolve(came)
        return
      }
      const firstEvent = new FirstEvent()
      result = { ...came, answer: { ...came.answer, firstEvent } }
      resolve(result)
      await firstEvent.seen.catch(tell).finally(unfollow)
    }

    /** Throws what the policy is to count: a failure of the upstream. Ours knows which errors count for nothing. */
    const tell = (error: unknown): void => {
      if (isOurs || outcomeOf(error).isUpstreamFault) throw toSseKitError(error)
    }

    /** What the policy makes of it: a failure where it gives up, none where it passes the outcome on. */
    const settle = (failure: { error: unknown } | undefined): void => {
      signal.removeEventListener('abort', onAbort)
      hasSettled = true
      if (result !== undefined) {
        resolve(result)
      } else if (state === 'running') {
        // One that neither fails nor has aborted the call has not waited for it: the call's outcome counts.
        if (failure === undefined && !stop?.aborted) return
        // It gave up on a call that goes on.
        const reason = new UpstreamNetworkError(failure?.error)
        controller.abort(reason)
        refuse(reason)
      } else {
        const error = failure?.error
        refuse(
          isSseKitError(error) ? error : new CircuitOpenError(UNKNOWN_WAIT_MS, { cause: error }),
        )
      }
    }
    // Asynchronous, as a policy may throw instead of rejecting.
    const execute = async (): Promise<unknown> => policy.execute(call)
    execute().then(
      () => settle(undefined),
      (error: unknown) => settle({ error }),
    )
  })
}

/** Once for each policy: it would be said for every request otherwise. */
function reportMisuse(policy: CallPolicy, isLate: boolean): void {
  if (reported.has(policy)) return
  reported.add(policy)
  reportError(
    isLate ? 'The breaker called the upstream too late' : 'The breaker called the upstream twice',
    new Error(isLate ? LATE_CALL : SECOND_CALL),
  )
}

function failureOf(result: AttemptResult | undefined): unknown {
  if (result !== undefined && result.answer === undefined) return result.error
  return new SseKitError('SSE_UPSTREAM_STATUS', 'The upstream answered with an error')
}

/** Lets a policy's signal, such as that of a timeout, abort the attempt; returns what ends that. */
function follow(signal: AbortSignal | undefined, controller: AbortController): () => void {
  if (signal === undefined) return () => {}
  const onAbort = (): void => controller.abort(new UpstreamNetworkError(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return () => signal.removeEventListener('abort', onAbort)
}
