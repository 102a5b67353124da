import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import { callHook } from '../base/call-hook.ts'
import { checkNumber } from '../base/check-number.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import { SseLimitError } from '../base/sse-limit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { BoundaryScanner } from './boundary-scanner.ts'
import { LineFeed } from './line-feed.ts'
import type { DecodedSseEvent } from './sse-event.ts'
import { Utf8Decoder } from './utf8-decoder.ts'

/** Limit and hooks of an {@link SseDecoder}. */
export interface SseDecoderOptions {
  /** The longest event in bytes, its blank line included; `Infinity` for no limit. @default 16_777_216 (16 MiB) */
  maxEventBytes?: number | undefined
  /** Called when a block sets the last event id, also one without data; before its event is emitted. @default none */
  onId?: ((id: string) => void) | undefined
  /** Called when a `retry` line ends, with the reconnection time in milliseconds, which may be too long for a timer. @default none */
  onRetry?: ((retryMs: number) => void) | undefined
  /** Called for each comment line with its text, without one leading space. @default none */
  onComment?: ((comment: string) => void) | undefined
}

const OPTIONS: OptionNames<SseDecoderOptions> = {
  maxEventBytes: true,
  onId: true,
  onRetry: true,
  onComment: true,
}

/**
 * Decodes a `text/event-stream` as the standard specifies, under any chunking.
 *
 * An unfinished event at the end of the stream is discarded, a block without data is not an event, and invalid UTF-8
 * becomes U+FFFD. `lastEventId` is sticky; `id` and `retry` are those of the event's own block. Hooks are called in
 * stream order. A hook that throws is reported and does not affect the stream.
 *
 * - Holds the unfinished event, at most `maxEventBytes`, and the events of one chunk.
 * - Backpressure: takes a chunk when the reader asks for an event.
 * - Cancel: what is held is dropped.
 * - Error of the source: events that were whole are delivered before the error.
 *
 * @throws {@link SseLimitError} with code `SSE_LIMIT`, through the stream, for an event over `maxEventBytes`
 *
 * @example Read the events of a response
 * ```ts
 * import { SseDecoder } from 'sse-stream-kit/streams'
 *
 * const response = new Response('event: greeting\ndata: Hello\n\n')
 * await response.body!
 *   .pipeThrough(new SseDecoder())
 *   .pipeTo(new WritableStream({ write: ({ event, data }) => console.log(event, data) }))
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseDecoder extends StageStream<Uint8Array, DecodedSseEvent> {
  constructor(options?: SseDecoderOptions) {
    super(SseDecoder.stage(options))
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage(options?: SseDecoderOptions): SseDecoderStage {
    checkOptions('options of SseDecoder', options, OPTIONS)
    return new SseDecoderStage(options)
  }
}

/** The logic of {@link SseDecoder}. */
export class SseDecoderStage implements Stage<Uint8Array, DecodedSseEvent> {
  readonly #scanner: BoundaryScanner
  readonly #maxEventBytes: number
  readonly #utf8 = new Utf8Decoder()
  readonly #lines: LineFeed
  readonly #parser: EventSourceParser
  #output!: StageOutput<DecodedSseEvent>

  constructor({ maxEventBytes = 16_777_216, onId, onRetry, onComment }: SseDecoderOptions = {}) {
    this.#maxEventBytes = checkNumber('maxEventBytes', maxEventBytes, { min: 1, infinity: true })
    this.#scanner = new BoundaryScanner(maxEventBytes)
    this.#parser = createParser({
      onEvent: (message) => this.#onMessage(message),
      onRetry: (retryMs) => {
        this.#lines.retry = retryMs
        if (onRetry !== undefined) callHook('onRetry', () => onRetry(retryMs))
      },
      // Only passed where it is used: with it the parser keeps the text of comments.
      ...(onComment && {
        onComment: (comment: string) => callHook('onComment', () => onComment(comment)),
      }),
    })
    // The parser drops a byte order mark at the start of its text, also one written as three characters, and a second
    // one after the decoder's. A leading blank line prevents that.
    this.#parser.feed('\n')
    this.#lines = new LineFeed(this.#parser, (id) => {
      if (onId !== undefined) callHook('onId', () => onId(id))
    })
  }

  start(output: StageOutput<DecodedSseEvent>): void {
    this.#output = output
  }

  push(chunk: Uint8Array): void {
    const boundary = this.#scanner.scan(chunk)
    if (!this.#scanner.isOverLimit) {
      this.#lines.feed(this.#utf8.decode(chunk))
      return
    }
    this.#lines.feed(this.#utf8.decode(chunk.subarray(0, boundary)))
    throw new SseLimitError('maxEventBytes', this.#maxEventBytes, this.#scanner.openBytes)
  }

  dispose(): void {
    this.#parser.reset()
  }

  #onMessage(message: EventSourceMessage): void {
    const lines = this.#lines
    const event: DecodedSseEvent = { data: message.data, lastEventId: lines.lastEventId }
    if (message.event !== undefined) event.event = message.event
    if (lines.id !== undefined) event.id = lines.id
    if (lines.retry !== undefined) event.retry = lines.retry
    this.#output.emit(event)
  }
}
