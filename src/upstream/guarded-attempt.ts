import type { Aborter } from '../base/aborter.ts'
import { afterMacrotask } from '../base/after-macrotask.ts'
import { CircuitOpenError } from '../base/circuit-open-error.ts'
import { isSseKitError, outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { reportError } from '../base/report-error.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { type CallPolicy, CircuitBreaker } from './circuit-breaker.ts'
import { FirstEvent } from './first-event.ts'
import type { AttemptResult } from './upstream-call.ts'

/** `Retry-After` for a policy that refuses without saying for how long. */
const UNKNOWN_WAIT_MS = 1_000
const LATE_CALL =
  'Policy called its function after its execute() had settled, so no request was sent: await the call inside execute()'
const SECOND_CALL =
  'Policy called its function a second time, so no request was sent: leave retries to the option "retry", which calls execute() once per attempt'

const reported = new WeakSet<CallPolicy>()

/**
 * Makes one attempt inside one `execute()` of a policy. A policy is told about a success at the first event.
 *
 * A policy may refuse without a call, give up during it, swallow its failure, not wait for it, or never settle.
 * The result is that of the attempt in each case. Later and further calls are refused and reported.
 *
 * @param aborter aborts the attempt, also while the policy delays it
 * @param run makes the attempt, and never rejects
 */
export function guardedAttempt(
  policy: CallPolicy,
  aborter: Aborter,
  isFailure: (status: number) => boolean,
  run: () => Promise<AttemptResult>,
): Promise<AttemptResult> {
  return new Promise((resolve) => {
    new GuardedAttempt(policy, aborter, isFailure, run, resolve).start()
  })
}

/**
 * | state | until |
 * | --- | --- |
 * | `waiting` | the policy calls its function (`running`), settles (`refused`), or the attempt is aborted (`aborted`) |
 * | `running` | the attempt ends, or the policy gives up on it (`ended`) |
 */
type State = 'waiting' | 'running' | 'ended' | 'refused' | 'aborted'

class GuardedAttempt {
  readonly #policy: CallPolicy
  readonly #aborter: Aborter
  readonly #isFailure: (status: number) => boolean
  readonly #run: () => Promise<AttemptResult>
  readonly #resolve: (result: AttemptResult) => void
  #state: State = 'waiting'
  #failed: AttemptResult | undefined
  /** Lets the policy abort the attempt. */
  #policySignal: AbortSignal | undefined

  constructor(
    policy: CallPolicy,
    aborter: Aborter,
    isFailure: (status: number) => boolean,
    run: () => Promise<AttemptResult>,
    resolve: (result: AttemptResult) => void,
  ) {
    this.#policy = policy
    this.#aborter = aborter
    this.#isFailure = isFailure
    this.#run = run
    this.#resolve = resolve
  }

  start(): void {
    if (this.#aborter.aborted) {
      this.#onAbort()
      return
    }
    this.#aborter.listen(this.#onAbort)
    // Asynchronous, because a policy may throw instead of rejecting.
    const execute = async (): Promise<unknown> => this.#policy.execute(this.#call)
    execute().then(
      () => this.#onSettled(undefined),
      (error: unknown) => this.#onSettled({ error }),
    )
  }

  readonly #call = (options?: { signal?: AbortSignal }): Promise<void> => {
    const called = this.#attempt(options?.signal)
    // A policy need not await its call, and an unhandled rejection ends the process.
    called.catch(() => {})
    return called
  }

  async #attempt(policySignal: AbortSignal | undefined): Promise<void> {
    if (this.#state === 'aborted') return
    if (this.#state !== 'waiting') {
      if (policySignal?.aborted !== true) reportMisuse(this.#policy, this.#state)
      throw errorOf(this.#failed)
    }
    this.#leaveWaiting('running')
    this.#policySignal = policySignal
    const unfollow = follow(policySignal, this.#aborter)
    const result = await this.#run()
    const { response } = result
    if (this.#hasGivenUp()) {
      unfollow()
      response?.body?.cancel(this.#aborter.reason).catch(() => {})
      return
    }
    this.#state = 'ended'
    if (response === undefined || this.#isFailure(response.status)) {
      unfollow()
      this.#failed = result
      // The policy counts the failure before the next attempt, unless that takes it more than a turn of the event loop.
      afterMacrotask(() => this.#resolve(result))
      this.#tell(errorOf(result))
      return
    }
    const firstEvent = new FirstEvent()
    this.#resolve({ ...result, response: { ...response, firstEvent } })
    await firstEvent.seen.catch((error) => this.#tell(error)).finally(unfollow)
  }

  /** Throws what the policy has to count. A policy of the application would count every error, ours does not. */
  #tell(error: unknown): void {
    const isOurs = this.#policy instanceof CircuitBreaker
    if (isOurs || outcomeOf(error).isUpstreamFault) throw toSseKitError(error)
  }

  /** Whether the policy has settled while the attempt ran. */
  #hasGivenUp(): boolean {
    return this.#state === 'ended'
  }

  #onSettled(failure: { error: unknown } | undefined): void {
    if (this.#state === 'waiting') {
      this.#leaveWaiting('refused')
      const error = failure?.error
      const refusal = isSseKitError(error)
        ? error
        : new CircuitOpenError(UNKNOWN_WAIT_MS, { cause: error })
      this.#resolve({ error: refusal, wasSent: false })
    } else if (this.#state === 'running') {
      // A policy that neither fails nor aborts its call has not waited for it.
      if (failure === undefined && !this.#policySignal?.aborted) return
      this.#state = 'ended'
      const error = new UpstreamNetworkError(failure?.error)
      this.#aborter.abort(error)
      this.#resolve({ error, wasSent: true })
    } else if (this.#failed !== undefined) {
      this.#resolve(this.#failed)
    }
  }

  readonly #onAbort = (): void => {
    this.#leaveWaiting('aborted')
    this.#resolve({ error: this.#aborter.reason, wasSent: false })
  }

  #leaveWaiting(state: State): void {
    this.#state = state
    this.#aborter.unlisten(this.#onAbort)
  }
}

/** Reports once per policy, not for every request. */
function reportMisuse(policy: CallPolicy, state: State): void {
  if (reported.has(policy)) return
  reported.add(policy)
  const isLate = state === 'refused'
  reportError(
    isLate ? 'The breaker called the upstream too late' : 'The breaker called the upstream twice',
    new Error(isLate ? LATE_CALL : SECOND_CALL),
  )
}

/** The error of a failed attempt; for a policy that calls out of turn one that says so. */
function errorOf(result: AttemptResult | undefined): unknown {
  if (result === undefined) return new SseKitError('SSE_INTERNAL', 'No request was sent')
  if (result.response === undefined) return result.error
  return new SseKitError('SSE_UPSTREAM_STATUS', `The upstream responded with ${result.status}`)
}

/** Lets a policy's signal, such as that of a timeout, abort the attempt. Returns what ends that. */
function follow(signal: AbortSignal | undefined, aborter: Aborter): () => void {
  if (signal === undefined) return () => {}
  const onAbort = (): void => aborter.abort(new UpstreamNetworkError(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return () => signal.removeEventListener('abort', onAbort)
}
