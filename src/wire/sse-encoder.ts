import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { type EncodableSse, encodeEvent } from './encode-event.ts'

/**
 * Encodes events and comments as a `text/event-stream`.
 *
 * - Holds nothing.
 * - Backpressure: takes an event when the reader asks for a chunk.
 * - Cancel reaches the source at once.
 * - Error: an event that cannot be encoded ends the stream; those before it are delivered.
 *
 * @throws TypeError through the stream, for CR, LF or NUL in `event` or `id`
 * @throws RangeError through the stream, for a `retry` that is not a non-negative safe integer
 *
 * @example Respond with events
 * ```ts
 * import { SseEncoder } from 'sse-stream-kit/streams'
 *
 * const { readable, writable } = new SseEncoder()
 * const response = new Response(readable, { headers: { 'content-type': 'text/event-stream' } })
 * const writer = writable.getWriter()
 * void writer.write({ event: 'greeting', data: 'Hello' })
 * void writer.close()
 * console.log(await response.text())
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseEncoder extends StageStream<EncodableSse, Uint8Array> {
  constructor() {
    super(SseEncoder.stage())
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage(): SseEncoderStage {
    return new SseEncoderStage()
  }
}

/** The logic of {@link SseEncoder}. */
export class SseEncoderStage implements Stage<EncodableSse, Uint8Array> {
  readonly #utf8 = new TextEncoder()
  #output!: StageOutput<Uint8Array>

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(item: EncodableSse): void {
    this.#output.emit(this.#utf8.encode(encodeEvent(item)))
  }
}
