import { checkChoice } from '../../base/check-choice.ts'
import { checkNumber } from '../../base/check-number.ts'
import { isThenable } from '../../base/is-thenable.ts'
import { shown } from '../../base/shown.ts'
import { type EncodableSse, encodeEvent } from '../../wire/encode-event.ts'
import type { RecordedRequest } from './recorded-request.ts'

/** A content coding of the response body. */
export type BodyCoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Headers of a fake upstream's response, in any of the forms that `new Headers()` takes. */
export type StepHeaders = Headers | Record<string, string> | [name: string, value: string][]

/** One step of a fake upstream, made by {@link step}: plain data, except for `until`. */
export type UpstreamStep =
  | { readonly kind: 'head'; readonly status: number; readonly headers: StepHeaders }
  | { readonly kind: 'coding'; readonly coding: BodyCoding }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'whole'
      readonly status: number
      readonly headers: StepHeaders
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'wire'; readonly bytes: Uint8Array }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | {
      readonly kind: 'until'
      readonly gate: PromiseLike<unknown> | ((request: RecordedRequest) => PromiseLike<unknown>)
    }
  | { readonly kind: 'end' | 'cut' | 'reset' | 'hang' | 'never' }

/** The steps of a fake upstream's script. */
export interface Steps {
  /** Sends the head at once, `content-type: text/event-stream` unless the status or the headers say otherwise. */
  status(status: number, headers?: StepHeaders): UpstreamStep
  /** Codes the body that follows, flushed after each step, and sets `content-encoding`. Must come before the head. */
  coding(coding: BodyCoding): UpstreamStep
  /** Sends one event, or a `retry` on its own, as one write. */
  send(event: EncodableSse): UpstreamStep
  /** Sends one comment block. */
  comment(text: string): UpstreamStep
  /** Sends bytes of the body unchanged, as one write; a string as UTF-8. */
  raw(bytes: Uint8Array | string): UpstreamStep
  /** Sends a complete JSON response with its `content-length`. */
  json(status: number, value: unknown, headers?: StepHeaders): UpstreamStep
  /**
   * Writes bytes to the socket without HTTP framing, to send broken framing. HTTP/1.1 on a socket only. If it replaces
   * the head, only `wire`, `cut` and `reset` may follow, and the end is a `cut`.
   */
  wire(bytes: Uint8Array | string): UpstreamStep
  /** Waits this many milliseconds; fake timers drive it. */
  wait(waitMs: number): UpstreamStep
  /** Waits for a promise, or for the promise of a function called at this step: synchronises a test without sleeping. */
  until(
    gate: PromiseLike<unknown> | ((request: RecordedRequest) => PromiseLike<unknown>),
  ): UpstreamStep
  /** Ends the response cleanly, as the end of the script does. */
  end(): UpstreamStep
  /** Closes the connection within the response: FIN without a last chunk. With HTTP/2 the whole connection. */
  cut(): UpstreamStep
  /**
   * Resets the connection: TCP RST, with HTTP/2 RST_STREAM on this one stream. A Node client that has not yet read
   * what was sent before may see a `cut`: an `until` before it lets the client read first.
   */
  reset(): UpstreamStep
  /** Sends the head, unless it was sent, and then nothing until the client disconnects. */
  hang(): UpstreamStep
  /** Sends nothing, not even a head, until the client disconnects. */
  never(): UpstreamStep
}

/**
 * Makes the steps of a {@link fakeUpstream}'s script.
 *
 * `status` sends the head, or else the first step that sends bytes of the body; `wait` and `until` do not send it.
 *
 * - Holds copies of the bytes of its arguments.
 * - Backpressure, cancel: see the {@link fakeUpstream} that runs the script.
 * - Error: an event that cannot be encoded throws when the step is made.
 *
 * @throws TypeError for an event, comment or coding that cannot be sent, and for an `until` without a promise or function
 * @throws RangeError for a `wait` below 0
 *
 * @example An upstream that breaks in the middle of an event
 * ```ts
 * import { fakeUpstream, step } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream([step.send({ data: 'whole' }), step.raw('data: ha'), step.cut()])
 * const response = await upstream.fetch('http://upstream.test/')
 * console.log(await response.text().catch((error: Error) => error.message))
 * ```
 */
export const step: Steps = {
  status: (status, headers = {}) => ({ kind: 'head', status, headers }),
  coding: (coding) => ({ kind: 'coding', coding: checkedCoding(coding) }),
  send: (event) => bytesStep(encodeEvent(event)),
  comment: (text) => bytesStep(encodeEvent({ comment: text })),
  raw: (bytes) => bytesStep(bytes),
  json: (status, value, headers = {}) => {
    const withType = new Headers(headers)
    if (!withType.has('content-type')) withType.set('content-type', 'application/json')
    return { kind: 'whole', status, headers: withType, bytes: toBytes(JSON.stringify(value)) }
  },
  wire: (bytes) => ({ kind: 'wire', bytes: toBytes(bytes) }),
  wait: (waitMs) => ({
    kind: 'wait',
    waitMs: checkNumber('waitMs', waitMs, { min: 0, fraction: true }),
  }),
  until: (gate) => ({ kind: 'until', gate: checkedGate(gate) }),
  end: () => ({ kind: 'end' }),
  cut: () => ({ kind: 'cut' }),
  reset: () => ({ kind: 'reset' }),
  hang: () => ({ kind: 'hang' }),
  never: () => ({ kind: 'never' }),
}

function bytesStep(bytes: Uint8Array | string): UpstreamStep {
  return { kind: 'bytes', bytes: toBytes(bytes) }
}

function toBytes(bytes: Uint8Array | string): Uint8Array {
  // A copy: the script runs for each request, when the caller may have reused its buffer.
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice()
}

function checkedGate<T>(gate: T): T {
  if (typeof gate === 'function' || isThenable(gate)) return gate
  throw new TypeError(`step.until must get a promise or a function: got ${shown(gate)}`)
}

function checkedCoding(coding: BodyCoding): BodyCoding {
  checkChoice('coding', coding, 'gzip', 'deflate', 'br', 'zstd')
  return coding
}
