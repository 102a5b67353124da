import { OUTCOMES, outcomeOf, toSseKitError } from '../base/outcomes.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { encodeEvent } from '../wire/encode-event.ts'

/**
 * The last stage of an event stream: when the stream fails, sends the error as an event before the connection breaks.
 *
 * It comes after the frame splitter, so what was sent before ends at an event boundary.
 */
export class ErrorFrameStage implements Stage<Uint8Array, Uint8Array> {
  /** The bytes of the event that was sent, if one was. */
  frameBytes = 0
  readonly #pathname: string
  #output!: StageOutput<Uint8Array>

  constructor(pathname: string) {
    this.#pathname = pathname
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(frames: Uint8Array): void {
    this.#output.emit(frames)
  }

  fail(reason: unknown): void {
    // Nothing is flushed to a client that left or stalled.
    if (outcomeOf(reason).flushMs === 0) return
    const frame = new TextEncoder().encode(errorFrame(reason, this.#pathname))
    this.frameBytes = frame.length
    this.#output.emit(frame)
  }
}

/**
 * Returns an error as an event, in the form that clients of the API at this path recognize.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function errorFrame(reason: unknown, pathname: string): string {
  const { code } = toSseKitError(reason)
  const { publicText: message, status, isUpstreamFault } = OUTCOMES[code]
  if (pathname.endsWith('/messages')) {
    const data = { type: 'error', error: { type: 'api_error', message, code } }
    return encodeEvent({ event: 'error', data: JSON.stringify(data) })
  }
  if (pathname.endsWith('/responses')) {
    const data = { type: 'error', code, message, param: null }
    return encodeEvent({ event: 'error', data: JSON.stringify(data) })
  }
  if (pathname.includes(':streamGenerateContent')) {
    const data = {
      error: { code: status, message, status: 'UNAVAILABLE', details: [{ reason: code }] },
    }
    return encodeEvent({ data: JSON.stringify(data) })
  }
  const type = isUpstreamFault ? 'upstream_error' : 'server_error'
  const data = { error: { message, type, param: null, code } }
  return encodeEvent({ data: JSON.stringify(data) })
}
