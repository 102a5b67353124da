import type { Aborter } from '../base/aborter.ts'
import { startDeadline } from '../base/deadline.ts'
import { type TimeoutPhase, UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'

/** The limit of a whole request. */
export interface TotalLimit {
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  totalMs: number
}

/**
 * The limit of one phase of a request, or that of the whole request where it is due earlier. Every timeout of an
 * upstream is raised by one of these, except that on connecting, which the transport reports.
 */
export class PhaseLimit {
  /** When it is due, on the clock of `performance.now()`. */
  readonly dueAt: number
  readonly #phase: TimeoutPhase
  readonly #timeoutMs: number

  constructor(
    phase: TimeoutPhase,
    timeoutMs: number,
    startedAt: number,
    { requestedAt, totalMs }: TotalLimit,
  ) {
    const phaseDueAt = startedAt + timeoutMs
    const totalDueAt = requestedAt + totalMs
    const isPhase = phaseDueAt <= totalDueAt
    this.dueAt = isPhase ? phaseDueAt : totalDueAt
    this.#phase = isPhase ? phase : 'total'
    this.#timeoutMs = isPhase ? timeoutMs : totalMs
  }

  /** The milliseconds until it is due. */
  get leftMs(): number {
    return this.dueAt - performance.now()
  }

  toError(): UpstreamTimeoutError {
    return new UpstreamTimeoutError(this.#phase, this.#timeoutMs)
  }

  /** Aborts an attempt when the limit is due, now if it is overdue. Returns what stops the timer. */
  start(aborter: Aborter): () => void {
    const abort = (): void => aborter.abort(this.toError())
    const { leftMs } = this
    if (leftMs <= 0) {
      abort()
      return () => {}
    }
    const timer = startDeadline(leftMs, abort)
    return () => clearTimeout(timer)
  }
}
