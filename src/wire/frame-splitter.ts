import { callHook } from '../base/call-hook.ts'
import { checkNumber } from '../base/check-number.ts'
import { SseLimitError } from '../base/sse-limit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { BoundaryScanner } from './boundary-scanner.ts'

/** What a {@link FrameSplitter} holds at most, and whom it tells of an unfinished end. */
export interface FrameSplitterOptions {
  /** The longest event in bytes, its blank line included; `Infinity` for no limit. @default 16_777_216 (16 MiB) */
  maxEventBytes?: number | undefined
  /** Called at the end of a stream that ends inside an event, with the number of bytes after the last boundary. */
  onTail?: ((byteLength: number) => void) | undefined
}

/**
 * Cuts bytes at event boundaries: every chunk that leaves ends where an event ends, and no byte changes.
 *
 * A chunk that ends at a boundary is passed on as it is, not copied, however many events it holds; bytes are
 * copied only where an event spans chunks. What follows the last boundary at the end of the stream is passed
 * on as it is, and reported to `onTail`.
 *
 * - Holds the unfinished event, at most `maxEventBytes`.
 * - Backpressure: takes a chunk when one is asked for.
 * - Cancel: what is held is dropped.
 * - Error of the source: the unfinished event is dropped, whole ones are delivered before the error.
 *
 * @throws {@link SseLimitError} with code `SSE_LIMIT`, through the stream, for an event over `maxEventBytes`
 *
 * @example Whole events, whatever the network did
 * ```ts
 * import { FrameSplitter } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\ndata: 2\n\n')
 * for await (const frames of upstream.body!.pipeThrough(new FrameSplitter())) {
 *   console.log(new TextDecoder().decode(frames)) // ends with a blank line each time
 * }
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class FrameSplitter extends StageStream<Uint8Array, Uint8Array> {
  constructor(options?: FrameSplitterOptions) {
    super(FrameSplitter.stage(options))
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage(options?: FrameSplitterOptions): FrameSplitterStage {
    return new FrameSplitterStage(options)
  }
}

/** Room for an unfinished event to begin with; most are far shorter. */
const MIN_HELD_CAPACITY = 1024
/** Room that is kept from one unfinished event to the next. */
const MAX_KEPT_CAPACITY = 65_536

/** The logic of {@link FrameSplitter}. */
export class FrameSplitterStage implements Stage<Uint8Array, Uint8Array> {
  readonly #scanner: BoundaryScanner
  readonly #maxEventBytes: number
  readonly #onTail: ((byteLength: number) => void) | undefined
  #output!: StageOutput<Uint8Array>
  /**
   * The unfinished event, copied, in a buffer that doubles: in one of chunks as they came, 16 MiB in 1-byte
   * chunks would be sixteen million objects, each keeping the network buffer alive that it is a view of.
   */
  #held = new Uint8Array(0)
  #heldBytes = 0

  constructor({ maxEventBytes = 16_777_216, onTail }: FrameSplitterOptions = {}) {
    this.#maxEventBytes = checkNumber('maxEventBytes', maxEventBytes, { min: 1, infinity: true })
    this.#onTail = onTail
    this.#scanner = new BoundaryScanner(maxEventBytes)
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(chunk: Uint8Array): void {
    const boundary = this.#scanner.scan(chunk)
    if (boundary > 0) this.#emitWhole(chunk, boundary)
    if (this.#scanner.isOverLimit) {
      throw new SseLimitError('maxEventBytes', this.#maxEventBytes, this.#scanner.openBytes)
    }
    if (boundary < chunk.length) this.#hold(chunk, boundary)
  }

  end(): void {
    const byteLength = this.#heldBytes
    if (byteLength === 0) return
    this.#heldBytes = 0
    this.#output.emit(this.#held.subarray(0, byteLength))
    this.#held = new Uint8Array(0)
    callHook(() => this.#onTail?.(byteLength))
  }

  dispose(): void {
    this.#heldBytes = 0
    this.#held = new Uint8Array(0)
  }

  #emitWhole(chunk: Uint8Array, boundary: number): void {
    const heldBytes = this.#heldBytes
    if (heldBytes === 0) {
      this.#output.emit(boundary === chunk.length ? chunk : chunk.subarray(0, boundary))
      return
    }
    const whole = new Uint8Array(heldBytes + boundary)
    whole.set(this.#held.subarray(0, heldBytes))
    whole.set(boundary === chunk.length ? chunk : chunk.subarray(0, boundary), heldBytes)
    this.#heldBytes = 0
    if (this.#held.length > MAX_KEPT_CAPACITY) this.#held = new Uint8Array(0)
    this.#output.emit(whole)
  }

  #hold(chunk: Uint8Array, from: number): void {
    const heldBytes = this.#heldBytes + chunk.length - from
    if (heldBytes > this.#held.length) this.#grow(heldBytes)
    this.#held.set(from === 0 ? chunk : chunk.subarray(from), this.#heldBytes)
    this.#heldBytes = heldBytes
  }

  #grow(needed: number): void {
    const doubled = Math.max(MIN_HELD_CAPACITY, needed, this.#held.length * 2)
    const grown = new Uint8Array(Math.max(needed, Math.min(doubled, this.#maxEventBytes)))
    grown.set(this.#held.subarray(0, this.#heldBytes))
    this.#held = grown
  }
}
