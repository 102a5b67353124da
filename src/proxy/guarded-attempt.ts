import { CircuitOpenError } from '../base/circuit-open-error.ts'
import { isSseKitError, outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { reportError } from '../base/report-error.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { type CallPolicy, CircuitBreaker } from '../upstream/circuit-breaker.ts'
import { type AttemptOptions, attempt, type Reached } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'

/** What a client is told of a policy that refuses and does not say for how long. */
const UNKNOWN_WAIT_MS = 1_000
const LATE_CALL =
  'Policy called its function after its execute() had settled, so the upstream was not asked: await the call inside execute()'

/** An attempt inside of a policy. */
export interface GuardedAttemptOptions extends AttemptOptions {
  policy: CallPolicy
}

/**
 * Asks one upstream inside of its policy, which hears of the outcome when the first event has come.
 *
 * A policy of the application may call several times, one call after the other, until a response has been passed
 * on; it may refuse without a call, give up during one, swallow its failure, or not wait for it. Whatever it does,
 * what counts is what the upstream said last. A call after the policy has settled is refused.
 *
 * @throws {@link CircuitOpenError} if the policy did not let the call through
 */
export function guardedAttempt(
  exchange: Exchange,
  settings: ProxySettings,
  options: GuardedAttemptOptions,
): Promise<Reached> {
  const { policy, replay } = options
  const isOurs = policy instanceof CircuitBreaker
  return new Promise((resolve, reject) => {
    let last: { reached: Reached } | { error: unknown } | undefined
    let isGiven = false
    let isRunning = false
    /** Whether the policy's promise has settled. */
    let isOver = false
    /** With which the policy may abort the running call. */
    let stop: AbortSignal | undefined
    // Before the policy runs: it may let a call wait in a line, and the client may leave meanwhile.
    let controller: AbortController | undefined = exchange.newAttempt()
    const { signal: early } = controller
    const onAbort = (): void => reject(early.reason)
    early.addEventListener('abort', onAbort, { once: true })
    if (early.aborted) return onAbort()

    const ask = async (context?: { signal?: AbortSignal }): Promise<void> => {
      early.removeEventListener('abort', onAbort)
      if (isOver && !isRunning && last === undefined && !context?.signal?.aborted) {
        reportError('The breaker called the upstream too late', new Error(LATE_CALL))
      }
      if (isGiven || isOver || isRunning || (last && replay?.isReplayable === false)) {
        throw failureOf(last)
      }
      dropBody(last)
      const mine = controller ?? exchange.newAttempt()
      controller = undefined
      stop = context?.signal
      const stopPolicy = follow(stop, mine)
      isRunning = true
      try {
        const reached = await attempt(exchange, settings, options, mine)
        last = { reached }
        isRunning = false
        if (settings.isFailure(reached.response.status)) throw failureOf(last)
        isGiven = true
        const firstEvent = new Promise<void>((onEvent, onError) => {
          reached.onFirstEvent = (error) => (error === undefined ? onEvent() : onError(error))
        })
        resolve(reached)
        await firstEvent
      } catch (thrown) {
        const error = toSseKitError(thrown)
        if (isRunning) last = { error }
        isRunning = false
        // The policy did not wait for this.
        if (isOver) settle(undefined)
        if (isOurs || outcomeOf(error).isUpstreamFault) throw error
        // Other policies know no errors that count for nothing; this one must not open a circuit.
        reject(error)
      } finally {
        stopPolicy()
      }
    }
    const call = (context?: { signal?: AbortSignal }): Promise<void> => {
      const asked = ask(context)
      // A policy need not wait for its call, and an unhandled rejection ends the process.
      asked.catch(() => {})
      return asked
    }

    /** What the policy makes of it: a failure where it gives up, none where it passes the outcome on. */
    const settle = (failure: { error: unknown } | undefined): void => {
      early.removeEventListener('abort', onAbort)
      isOver = true
      if (isGiven) return
      if (isRunning) {
        // One that neither fails nor has aborted the call has not waited for it: the call's outcome counts.
        if (failure === undefined && !stop?.aborted) return
        // It gave up on a call that goes on.
        const reason = new UpstreamNetworkError(failure?.error)
        exchange.abortAttempt(reason)
        reject(reason)
      } else if (last === undefined) {
        const error = failure?.error
        reject(
          isSseKitError(error) ? error : new CircuitOpenError(UNKNOWN_WAIT_MS, { cause: error }),
        )
      } else if ('reached' in last) resolve(last.reached)
      else reject(last.error)
    }
    // Asynchronous, as a policy may throw instead of rejecting.
    const run = async (): Promise<unknown> => policy.execute(call)
    run().then(
      () => settle(undefined),
      (error: unknown) => settle({ error }),
    )
  })
}

function failureOf(last: { reached: Reached } | { error: unknown } | undefined): unknown {
  if (last !== undefined && 'error' in last) return last.error
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

/** The answer before the one that is asked for now: unread it would keep its connection. */
function dropBody(last: { reached: Reached } | { error: unknown } | undefined): void {
  if (last === undefined || !('reached' in last)) return
  // Whether it can be cancelled or has failed already comes to the same.
  last.reached.body?.cancel().catch(() => {})
}
