import { checkNumber } from '../base/check-number.ts'
import { CircuitOpenError } from '../base/circuit-open-error.ts'
import { isSseKitError, OUTCOMES } from '../base/outcomes.ts'

/**
 * What stands around a call to an upstream: runs it, or refuses to. Policies of the `cockatiel` package have
 * this shape.
 */
export interface CallPolicy {
  /** What it resolves to is nobody's concern: some policies put a value of their own in the place of a failure. */
  execute<T>(call: (context: { signal: AbortSignal }) => Promise<T> | T): Promise<unknown>
}

/** When an upstream is given up for a while, and for how long. */
export interface CircuitBreakerOptions {
  /** After so many failures within the window it is not asked. @default 5 */
  failures?: number | undefined
  /** How far back failures count, in milliseconds. @default 30_000 */
  windowMs?: number | undefined
  /** How long it is not asked then, in milliseconds. @default 15_000 */
  cooldownMs?: number | undefined
}

/**
 * Counts the failures of one upstream, and refuses calls for a while when there were too many. After that one
 * call is let through; if it succeeds all are, if it fails the wait begins anew.
 *
 * - Holds the times of the last `failures` failures.
 * - Backpressure: none; calls run side by side.
 * - Cancel: a call that ends because its client left, or was refused on this side, counts for nothing.
 * - Error: what the call throws is thrown on.
 *
 * @throws RangeError for numbers out of range
 *
 * @example Around calls of your own
 * ```ts
 * import { CircuitBreaker } from 'sse-stream-kit'
 *
 * const breaker = new CircuitBreaker({ failures: 1, cooldownMs: 60_000 })
 * const failing = () => Promise.reject(new Error('down'))
 * await breaker.execute(failing).catch((error: Error) => console.log(error.message)) // down
 * await breaker.execute(failing).catch((error: { code: string }) => console.log(error.code)) // SSE_CIRCUIT_OPEN
 * ```
 */
export class CircuitBreaker implements CallPolicy {
  readonly #windowMs: number
  readonly #cooldownMs: number
  /** The times of the last failures, the next one to be overwritten at `#oldest`. */
  readonly #failedAt: number[]
  #oldest = 0
  #openedAt: number | undefined
  #isProbing = false

  constructor({
    failures = 5,
    windowMs = 30_000,
    cooldownMs = 15_000,
  }: CircuitBreakerOptions = {}) {
    checkNumber('failures', failures, { min: 1 })
    this.#windowMs = checkNumber('windowMs', windowMs, { min: 1, fraction: true, infinity: true })
    this.#cooldownMs = checkNumber('cooldownMs', cooldownMs, { min: 1, fraction: true })
    this.#failedAt = new Array<number>(failures).fill(-Infinity)
  }

  /** @throws {@link CircuitOpenError} without making the call, while the upstream is not asked */
  async execute<T>(call: (context: { signal: AbortSignal }) => Promise<T> | T): Promise<T> {
    const isProbe = this.#admit()
    try {
      const result = await call({ signal: new AbortController().signal })
      if (isProbe) this.#reset()
      return result
    } catch (error) {
      // A client that leaves five times must not take the upstream away from all others.
      if (!isSseKitError(error) || OUTCOMES[error.code].isUpstreamFault) this.#countFailure(isProbe)
      throw error
    } finally {
      if (isProbe) this.#isProbing = false
    }
  }

  /** Lets a call through, or throws; says whether it is the one that tries if the upstream is back. */
  #admit(): boolean {
    if (this.#openedAt === undefined) return false
    const leftMs = this.#openedAt + this.#cooldownMs - performance.now()
    if (leftMs > 0) throw new CircuitOpenError(leftMs)
    if (this.#isProbing) throw new CircuitOpenError(this.#cooldownMs)
    this.#isProbing = true
    return true
  }

  #countFailure(isProbe: boolean): void {
    const now = performance.now()
    this.#failedAt[this.#oldest] = now
    this.#oldest = (this.#oldest + 1) % this.#failedAt.length
    const nthLast = this.#failedAt[this.#oldest] as number
    // Not for a call that was let through before the circuit opened: each such would make the wait longer.
    const isTooOften = this.#openedAt === undefined && now - nthLast <= this.#windowMs
    if (isProbe || isTooOften) this.#openedAt = now
  }

  #reset(): void {
    this.#openedAt = undefined
    this.#failedAt.fill(-Infinity)
  }
}
