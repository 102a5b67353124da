import { ClientStalledError } from '../base/client-stalled-error.ts'
import { startDeadline } from '../base/deadline.ts'
import { type TimeoutPhase, UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'

/** How long what may take; `Infinity` for no limit. */
export interface WatchdogLimits {
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
  /** While a client takes nothing of what is waiting for it. */
  clientStallMs: number
}

/** What a watchdog asks, and what it tells. */
export interface WatchdogContext {
  /** Events so far, or for a body without events: chunks. */
  countEvents: () => number
  /** Called when the first of them has passed. */
  onFirstEvent: () => void
}

/**
 * The first stage of a relayed body: bytes pass untouched, and the stream is ended when the upstream or the
 * client takes too long, or when somebody outside says so.
 *
 * The clocks of the upstream stand still while it is held back; heartbeats do not pass here and so count for
 * nothing. One timer for all limits, set for the nearest of them.
 */
export class Watchdog implements Stage<Uint8Array, Uint8Array> {
  readonly #limits: WatchdogLimits
  readonly #context: WatchdogContext
  #output!: StageOutput<Uint8Array>
  #timer: ReturnType<typeof setTimeout> | undefined
  /** When the upstream's clock was started anew. */
  #activeAt = 0
  #seenEvents = 0
  #isHeldBack = false
  #isSourceDone = false
  #queued = 0
  /** When the client last took something. */
  #takenAt = 0

  constructor(limits: WatchdogLimits, context: WatchdogContext) {
    this.#limits = limits
    this.#context = context
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
    this.#activeAt = this.#takenAt = performance.now()
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
    this.#isSourceDone = true
    this.#look()
  }

  pause(): void {
    this.#isHeldBack = true
    this.#look()
  }

  resume(): void {
    this.#isHeldBack = false
    this.#activeAt = performance.now()
    this.#rearm()
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  /** Ends the stream, once what is waiting for the client has gone out. */
  abort(reason: unknown): void {
    this.#output.error(reason)
  }

  /** From now on the client has to take something. */
  #look(): void {
    this.#queued = this.#output.queued
    this.#takenAt = performance.now()
    this.#rearm()
  }

  #rearm(): void {
    clearTimeout(this.#timer)
    this.#arm(performance.now())
  }

  #arm(now: number): void {
    this.#timer = startDeadline(this.#nearest(now).at - now, () => this.#onTimer())
  }

  #onTimer(): void {
    const now = performance.now()
    if (this.#output.queued !== this.#queued) {
      this.#queued = this.#output.queued
      this.#takenAt = now
    }
    const { at, error } = this.#nearest(now)
    if (at <= now) this.#output.error(error())
    else this.#arm(now)
  }

  #nearest(now: number): Deadline {
    const { totalMs, requestedAt } = this.#limits
    const other = this.#nearestOther(now)
    const totalAt = requestedAt + totalMs
    return other.at <= totalAt ? other : { at: totalAt, error: () => timeout('total', totalMs) }
  }

  #nearestOther(now: number): Deadline {
    const { firstEventMs, idleMs, clientStallMs } = this.#limits
    if (this.#isHeldBack || this.#isSourceDone) {
      // With nothing waiting the client has nothing to take.
      const since = this.#output.queued > 0 ? this.#takenAt : now
      return { at: since + clientStallMs, error: () => new ClientStalledError(clientStallMs) }
    }
    if (this.#seenEvents === 0) {
      return { at: this.#activeAt + firstEventMs, error: () => timeout('firstEvent', firstEventMs) }
    }
    return { at: this.#activeAt + idleMs, error: () => timeout('idle', idleMs) }
  }
}

interface Deadline {
  at: number
  error: () => Error
}

function timeout(phase: TimeoutPhase, timeoutMs: number): UpstreamTimeoutError {
  return new UpstreamTimeoutError(phase, timeoutMs)
}
