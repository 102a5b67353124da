import { checkNumber } from '../base/check-number.ts'
import { CircuitOpenError } from '../base/circuit-open-error.ts'
import { isSseKitError, OUTCOMES } from '../base/outcomes.ts'

/**
 * Wraps a call to an upstream: runs it, or refuses it. Policies of the `cockatiel` package have this shape.
 */
export interface CallPolicy {
  /**
   * Runs the call once. The resolved value is ignored: some policies resolve with a value of their own after a failure.
   */
  execute<T>(call: (context: { signal: AbortSignal }) => Promise<T> | T): Promise<unknown>
}

/** When requests to an upstream stop, and for how long. */
export interface CircuitBreakerOptions {
  /** The number of failures within the window that opens the circuit. @default 5 */
  failures?: number | undefined
  /** The length of the window in which failures count, in milliseconds. @default 30_000 */
  windowMs?: number | undefined
  /** How long the circuit stays open, in milliseconds. @default 15_000 */
  cooldownMs?: number | undefined
}

/**
 * Counts the failures of one upstream. With too many of them the circuit opens: calls are refused for a while. Then
 * it admits one call as a probe, and closes if that succeeds or stays open for as long again if it fails.
 *
 * - Holds the times of the last `failures` failures.
 * - Backpressure: none; calls run side by side.
 * - Cancel: a call that ends because its client left, or that this side refused, does not count.
 * - Error: rethrows what the call throws.
 *
 * @throws RangeError for numbers out of range
 *
 * @example Guard calls of your own
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
  /** The times of the last failures, a ring whose oldest entry is at `#oldest`. */
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

  /** @throws {@link CircuitOpenError} without making the call, while the circuit is open */
  async execute<T>(call: (context: { signal: AbortSignal }) => Promise<T> | T): Promise<T> {
    const isProbe = this.#admit()
    try {
      const result = await call({ signal: new AbortController().signal })
      if (isProbe) this.#reset()
      return result
    } catch (error) {
      // Clients that leave must not open the circuit for all others.
      if (!isSseKitError(error) || OUTCOMES[error.code].isUpstreamFault) this.#countFailure(isProbe)
      throw error
    } finally {
      if (isProbe) this.#isProbing = false
    }
  }

  /** Admits a call, or throws. Returns whether the call is the probe. */
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
    // Not for a call that was admitted before the circuit opened: it would prolong the cooldown.
    const isTooOften = this.#openedAt === undefined && now - nthLast <= this.#windowMs
    if (isProbe || isTooOften) this.#openedAt = now
  }

  #reset(): void {
    this.#openedAt = undefined
    this.#failedAt.fill(-Infinity)
  }
}
