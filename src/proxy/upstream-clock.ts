import { startDeadline } from '../base/deadline.ts'
import { type TimeoutPhase, UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'

/** How long what may take in milliseconds; `Infinity` for no limit. */
export interface UpstreamClockLimits {
  /** From the headers to the first event. */
  firstEventMs: number
  /** Between two signs of life of the upstream, once there was an event. */
  idleMs: number
  /** Whether any byte is a sign of life, or only an event. */
  idleCounts: 'bytes' | 'events'
  /** From the request to the end. */
  totalMs: number
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
}

/** What an upstream clock asks, and what it tells. */
export interface UpstreamClockContext {
  /** Events so far, or for a body without events: chunks. */
  countEvents: () => number
  /** Called when the first of them has passed. */
  onFirstEvent: () => void
}

/**
 * The first stage of a relayed body: bytes pass untouched, and the stream fails when the upstream takes too long.
 *
 * While the upstream is paused only `totalMs` runs; heartbeats do not pass here and so count for nothing. One
 * timer for all limits, set for the nearest of them.
 */
export class UpstreamClock implements Stage<Uint8Array, Uint8Array> {
  readonly #limits: UpstreamClockLimits
  readonly #context: UpstreamClockContext
  #output!: StageOutput<Uint8Array>
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the present wait for the upstream began. */
  #activeAt = 0
  #seenEvents = 0
  /** Whether nothing is expected of the upstream: it is paused, or done. */
  #isStopped = false

  constructor(limits: UpstreamClockLimits, context: UpstreamClockContext) {
    this.#limits = limits
    this.#context = context
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
    this.#activeAt = performance.now()
    this.#arm(this.#activeAt)
  }

  push(chunk: Uint8Array): void {
    this.#output.emit(chunk)
    const events = this.#context.countEvents()
    if (this.#limits.idleCounts === 'bytes' ? events > 0 : events > this.#seenEvents) {
      this.#activeAt = performance.now()
    }
    const isFirst = this.#seenEvents === 0 && events > 0
    this.#seenEvents = events
    // From the first event on another limit holds, which may be nearer.
    if (!isFirst) return
    this.#rearm()
    this.#context.onFirstEvent()
  }

  end(): void {
    this.pause()
  }

  pause(): void {
    this.#isStopped = true
    this.#rearm()
  }

  resume(): void {
    this.#isStopped = false
    this.#activeAt = performance.now()
    this.#rearm()
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  #rearm(): void {
    clearTimeout(this.#timer)
    this.#arm(performance.now())
  }

  #arm(now: number): void {
    this.#timer = startDeadline(this.#nearest().at - now, () => this.#onTimer())
  }

  #onTimer(): void {
    const now = performance.now()
    const { at, phase, timeoutMs } = this.#nearest()
    if (at <= now) this.#output.error(new UpstreamTimeoutError(phase, timeoutMs))
    else this.#arm(now)
  }

  #nearest(): { at: number; phase: TimeoutPhase; timeoutMs: number } {
    const { firstEventMs, idleMs, totalMs, requestedAt } = this.#limits
    const totalAt = requestedAt + totalMs
    const waitMs = this.#seenEvents === 0 ? firstEventMs : idleMs
    const waitAt = this.#isStopped ? Infinity : this.#activeAt + waitMs
    return waitAt <= totalAt
      ? { at: waitAt, phase: this.#seenEvents === 0 ? 'firstEvent' : 'idle', timeoutMs: waitMs }
      : { at: totalAt, phase: 'total', timeoutMs: totalMs }
  }
}
