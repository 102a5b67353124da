import { checkNumber } from '../../base/check-number.ts'
import { type EncodableSse, encodeEvent } from '../../wire/encode-event.ts'
import type { RecordedRequest } from './recorded-request.ts'

/** A coding of the response body that a fake upstream can speak. */
export type BodyCoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** Header names and values of a fake upstream's answer, in any of the forms that `new Headers()` takes. */
export type StepHeaders = Headers | Record<string, string> | [name: string, value: string][]

/** One thing a fake upstream does; made by {@link step}, and plain data all through but for `until`. */
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

/** The steps a fake upstream's script is written in. */
export interface Steps {
  /** Sends the head at once, `content-type: text/event-stream` unless the status or the headers say otherwise. */
  status(status: number, headers?: StepHeaders): UpstreamStep
  /** Codes the body that follows and names the coding in the head; each step is flushed. Before the head only. */
  coding(coding: BodyCoding): UpstreamStep
  /** Sends one event, or a `retry` on its own, as one write. */
  send(event: EncodableSse): UpstreamStep
  /** Sends one comment block. */
  comment(text: string): UpstreamStep
  /** Sends bytes of the body as they are, as one write; a string as UTF-8. */
  raw(bytes: Uint8Array | string): UpstreamStep
  /** Answers at once with a whole JSON body, its `content-length` included. */
  json(status: number, value: unknown, headers?: StepHeaders): UpstreamStep
  /**
   * Puts bytes on the socket past HTTP, for broken framing. HTTP/1.1 over a socket only. Where it stands in
   * place of the head, only more of it and ways to break off may follow, and the end is a `cut`.
   */
  wire(bytes: Uint8Array | string): UpstreamStep
  /** Waits, in milliseconds; fake timers drive it. */
  wait(waitMs: number): UpstreamStep
  /** Waits for a promise, or for one made when the step is reached: synchronises a test without sleeping. */
  until(
    gate: PromiseLike<unknown> | ((request: RecordedRequest) => PromiseLike<unknown>),
  ): UpstreamStep
  /** Ends the response as it should end. Where a script runs out this happens too. */
  end(): UpstreamStep
  /** Closes the connection in the middle of the response: FIN and no last chunk. With HTTP/2 the whole connection. */
  cut(): UpstreamStep
  /**
   * Resets the connection: TCP RST, with HTTP/2 RST_STREAM on this one stream. A Node client that has not yet
   * read what was sent before may take it for a `cut`: an `until` in front lets it read first.
   */
  reset(): UpstreamStep
  /** Sends the head, if it was not yet, and then nothing more until the client leaves. */
  hang(): UpstreamStep
  /** Sends nothing more, not even a head, until the client leaves. */
  never(): UpstreamStep
}

/**
 * Writes the script of a {@link fakeUpstream}.
 *
 * The head goes out with `status`, or with the first step that sends bytes of the body; `wait` and `until`
 * alone do not send it.
 *
 * - Holds the bytes of its own arguments.
 * - Backpressure, cancel: no matter of a step; the upstream that runs it honours both.
 * - Error: an event that cannot be encoded throws here, where the script is written.
 *
 * @throws TypeError for an event, comment or coding that cannot be sent
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
  until: (gate) => ({ kind: 'until', gate }),
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
  // A copy: a script runs once for each request, long after the caller may have used its buffer again.
  return typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice()
}

function checkedCoding(coding: BodyCoding): BodyCoding {
  if (['gzip', 'deflate', 'br', 'zstd'].includes(coding)) return coding
  throw new TypeError(
    `coding must be "gzip", "deflate", "br" or "zstd": got ${JSON.stringify(coding)}`,
  )
}
