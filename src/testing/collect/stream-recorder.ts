import { checkNumber } from '../../base/check-number.ts'
import { SseLimitError } from '../../base/sse-limit-error.ts'
import type { StreamVerdict } from '../../base/stream-verdict.ts'
import { BoundaryScanner } from '../../wire/boundary-scanner.ts'
import { areCommentLines } from '../../wire/comment-lines.ts'
import { SseDecoderStage } from '../../wire/sse-decoder.ts'
import type { DecodedSseEvent } from '../../wire/sse-event.ts'
import type { CollectedStream } from './collected-stream.ts'

/** Builds a {@link CollectedStream} from the chunks of a stream. */
export class StreamRecorder {
  readonly #maxBytes: number
  readonly #startedAt = performance.now()
  readonly #scanner = new BoundaryScanner()
  readonly #events: DecodedSseEvent[] = []
  readonly #comments: string[] = []
  readonly #chunks: Uint8Array[] = []
  readonly #chunksAt: number[] = []
  readonly #decoder = new SseDecoderStage({
    maxEventBytes: Infinity,
    onComment: (comment) => this.#comments.push(comment),
  })
  #byteLength = 0
  #firstByteMs: number | undefined
  #firstEventMs: number | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = checkNumber('maxBytes', maxBytes, { min: 0, infinity: true })
    this.#decoder.start({
      emit: (event) => {
        this.#firstEventMs ??= this.#elapsedMs()
        this.#events.push(event)
      },
      // The decoder throws from `push` instead.
      error: () => {},
      desiredSize: Infinity,
      queued: 0,
    })
  }

  /**
   * Adds a chunk, or its bytes up to the limit.
   *
   * @throws {@link SseLimitError} for more than `maxBytes`
   * @throws TypeError for a chunk that is not a `Uint8Array`
   */
  add(chunk: Uint8Array): void {
    // Not instanceof: a chunk may come from another realm (jsdom has its own).
    if (!ArrayBuffer.isView(chunk)) {
      throw new TypeError(`A chunk must be a Uint8Array: got a ${typeof chunk}`)
    }
    const arrived = this.#byteLength + chunk.length
    if (arrived <= this.#maxBytes) {
      this.#take(chunk)
      return
    }
    const freeBytes = this.#maxBytes - this.#byteLength
    if (freeBytes > 0) this.#take(chunk.subarray(0, freeBytes))
    throw new SseLimitError('maxBytes', this.#maxBytes, arrived)
  }

  /** Returns the result of a stream that ended without an error. */
  end(): CollectedStream {
    const result = this.#result('complete')
    const { openBytes, isAtBoundary } = this.#scanner
    const isInsideEvent = !isAtBoundary && !areCommentLines(result.raw.subarray(-openBytes))
    return isInsideEvent ? { ...result, verdict: 'truncated' } : result
  }

  /** Returns the result of a stream that errored or was cancelled. */
  stop(verdict: 'error' | 'cancelled', error: unknown): CollectedStream {
    return { ...this.#result(verdict), error }
  }

  #take(chunk: Uint8Array): void {
    this.#chunksAt.push(performance.now())
    this.#chunks.push(chunk)
    this.#byteLength += chunk.length
    if (chunk.length > 0) this.#firstByteMs ??= this.#elapsedMs()
    this.#scanner.scan(chunk)
    this.#decoder.push(chunk)
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  #result(verdict: StreamVerdict): CollectedStream {
    this.#decoder.dispose()
    const raw = new Uint8Array(this.#byteLength)
    let offset = 0
    for (const chunk of this.#chunks) {
      raw.set(chunk, offset)
      offset += chunk.length
    }
    return {
      events: this.#events,
      comments: this.#comments,
      raw,
      text: new TextDecoder().decode(raw),
      chunks: this.#chunks,
      firstByteMs: this.#firstByteMs,
      firstEventMs: this.#firstEventMs,
      gapsMs: this.#chunksAt.slice(1).map((at, index) => at - (this.#chunksAt[index] as number)),
      durationMs: this.#elapsedMs(),
      verdict,
    }
  }
}
