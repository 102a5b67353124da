import { startDeadline } from '../base/deadline.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { PhaseLimit } from '../upstream/phase-limit.ts'

/** Limits on an upstream's body in milliseconds; `Infinity` for no limit. */
export interface UpstreamClockLimits {
  /** From the headers to the first event. */
  firstEventMs: number
  /** Between two chunks or events, see `idleCounts`, after the first event. */
  idleMs: number
  /** What ends an idle time: any byte, or only an event. */
  idleCounts: 'bytes' | 'events'
  /** From the request to the end. */
  totalMs: number
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
}

/** What an upstream clock depends on. */
export interface UpstreamClockContext {
  /** Returns the number of events so far, or of chunks for a body that is not an event stream. */
  countEvents: () => number
  /** Called when the first of them has passed. */
  onFirstEvent: () => void
  /** Whether the answer is over. A limit that is due then calls `finish` instead of failing the stream. */
  isOver: () => boolean
  finish: () => void
}

/**
 * The first stage of a relayed body: passes bytes untouched, and fails the stream when the upstream exceeds a limit.
 *
 * While the upstream is paused only `totalMs` runs. Heartbeats do not pass this stage, so they do not count. One timer
 * for all limits, set for the nearest of them.
 */
export class UpstreamClock implements Stage<Uint8Array, Uint8Array> {
  readonly #limits: UpstreamClockLimits
  readonly #context: UpstreamClockContext
  #output!: StageOutput<Uint8Array>
  /** When the chunk at hand arrived, on the clock of `performance.now()`: read once for all stages. */
  arrivedAt = 0
  #timerDueAt = Infinity
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the current wait for the upstream began. */
  #activeAt = 0
  #seenEvents = 0
  /** Whether the upstream is paused or done. */
  #isStopped = false

  constructor(limits: UpstreamClockLimits, context: UpstreamClockContext) {
    this.#limits = limits
    this.#context = context
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
    this.#activeAt = performance.now()
    // In time for the limit that follows the first event, which then need not set another one.
    this.#arm(this.#activeAt, this.#limits.idleMs)
  }

  push(chunk: Uint8Array): void {
    const now = performance.now()
    this.arrivedAt = now
    this.#output.emit(chunk)
    const events = this.#context.countEvents()
    if (this.#limits.idleCounts === 'bytes' ? events > 0 : events > this.#seenEvents) {
      this.#activeAt = now
    }
    const isFirst = this.#seenEvents === 0 && events > 0
    this.#seenEvents = events
    // From the first event on `idleMs` applies, which may be nearer.
    if (!isFirst) return
    this.#arm(now)
    this.#context.onFirstEvent()
  }

  end(): void {
    this.arrivedAt = performance.now()
    this.pause()
  }

  pause(): void {
    this.#isStopped = true
  }

  resume(): void {
    this.#isStopped = false
    this.#activeAt = performance.now()
    this.#arm(this.#activeAt)
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  /** Sets the timer for the limit, unless one is due before that: it sets the next one. */
  #arm(now: number, maxMs = Infinity): void {
    const dueAt = Math.min(this.#limit().dueAt, now + maxMs)
    if (this.#timerDueAt <= dueAt) return
    clearTimeout(this.#timer)
    this.#timerDueAt = dueAt
    this.#timer = startDeadline(dueAt - now, () => this.#onTimer())
  }

  #onTimer(): void {
    this.#timerDueAt = Infinity
    const now = performance.now()
    const limit = this.#limit()
    if (limit.dueAt > now) this.#arm(now)
    else if (this.#context.isOver()) this.#context.finish()
    else this.#output.error(limit.toError())
  }

  #limit(): PhaseLimit {
    const { firstEventMs, idleMs } = this.#limits
    const isFirst = this.#seenEvents === 0
    const waitMs = isFirst ? firstEventMs : idleMs
    return new PhaseLimit(
      isFirst ? 'first_event' : 'idle',
      this.#isStopped ? Infinity : waitMs,
      this.#activeAt,
      this.#limits,
    )
  }
}
