import { callHook } from '../base/call-hook.ts'
import type { CircuitOpenError } from '../base/circuit-open-error.ts'
import { OUTCOMES, toSseKitError } from '../base/outcomes.ts'
import type { SseKitError } from '../base/sse-kit-error.ts'
import type { Dialect, LlmError } from '../llm/dialect.ts'
import { plain } from '../llm/plain.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { LateResponseError } from './late-response-error.ts'

/** Which failures are sent to the client as an event, and in which form. */
export interface ErrorFrameOptions {
  /** Whether all of them are sent; else only that of an answer that ended early. */
  sendsErrors: boolean
  /** Whether the client was sent a 200 before the upstream responded: all failures are sent, with their status. */
  isCommitted: boolean
  /** Whether the bytes that were sent end where an event may follow. */
  isAtBoundary: () => boolean
  /** Returns the dialect of the stream, as far as it is known. */
  dialect: () => Dialect
}

/**
 * The last stage of an event stream: when the stream fails, sends the error as an event before the connection breaks.
 *
 * In an event stream it comes after the frame splitter, so what was sent before ends at an event boundary.
 */
export class ErrorFrameStage implements Stage<Uint8Array, Uint8Array> {
  /** The bytes of the event that was sent, if one was. */
  frameBytes = 0
  readonly #options: ErrorFrameOptions
  #output!: StageOutput<Uint8Array>

  constructor(options: ErrorFrameOptions) {
    this.#options = options
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(frames: Uint8Array): void {
    this.#output.emit(frames)
  }

  fail(reason: unknown): void {
    const { sendsErrors, isCommitted, isAtBoundary, dialect } = this.#options
    const { code } = toSseKitError(reason)
    // Nothing is flushed to a client that left or stalled.
    if (OUTCOMES[code].flushMs === 0 || (!sendsErrors && !isCommitted && code !== 'SSE_TRUNCATED'))
      return
    if (!isAtBoundary()) return
    const frame = new TextEncoder().encode(errorFrame(reason, dialect(), isCommitted))
    this.frameBytes = frame.length
    this.#output.emit(frame)
  }
}

/**
 * Returns an error as an event, in the form that clients of the dialect recognize.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function errorFrame(reason: unknown, dialect: Dialect, isCommitted = false): string {
  const error = llmError(toSseKitError(reason), isCommitted)
  return callHook('dialect.errorFrame', () => dialect.errorFrame(error)) ?? plain.errorFrame(error)
}

function llmError(error: SseKitError, isCommitted: boolean): LlmError {
  const { code } = error
  const { publicText, status, isUpstreamFault } = OUTCOMES[code]
  const type = isUpstreamFault ? 'upstream_error' : 'server_error'
  const common = { code, message: publicText, status, type }
  if (!isCommitted) return common
  if (error instanceof LateResponseError) {
    const { message, lateStatus, retryAfter } = error
    return { ...common, message, lateStatus, retryAfter }
  }
  const { retryAfterMs } = error as Partial<CircuitOpenError>
  const retryAfter = retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs / 1000)
  return { ...common, lateStatus: status, retryAfter }
}
