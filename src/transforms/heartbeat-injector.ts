import { startDeadline } from '../base/deadline.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { BoundaryScanner } from '../wire/boundary-scanner.ts'
import { checkBytes } from '../wire/check-bytes.ts'
import { LeadingBom } from '../wire/leading-bom.ts'
import { CR, LF } from '../wire/line-state.ts'
import {
  type HeartbeatInjectorOptions,
  type HeartbeatPlan,
  heartbeatPlan,
} from './heartbeat-plan.ts'

/**
 * Emits a comment when a stream has been silent for a while, so that intermediaries do not time out.
 *
 * A heartbeat is emitted only where the bytes before it end at an event boundary, never between a CR and an LF that may
 * belong to it, only when the reader asks for more, and never while anything is queued. So it never breaks an event, and
 * a stream that is not read does not fill with heartbeats. A stream that ends its events with bare CRs gets none, because
 * each CR may be the first half of a CRLF.
 *
 * A frame of one comment line does not open an event: the next event or heartbeat may follow it directly. It suits
 * clients that report every blank line as a message.
 *
 * With `atStart` the first heartbeat precedes everything else, even while the source is silent.
 *
 * No byte of the source changes, with one exception: a byte order mark behind a heartbeat is dropped. Only at the start
 * of a stream is it a mark; behind a heartbeat it would become part of the first line.
 *
 * - Holds at most two bytes, of what may be such a byte order mark.
 * - Backpressure: takes a chunk when the reader asks for one.
 * - Cancel, error and end clear the timer at once.
 *
 * @throws RangeError for an `intervalMs` below 1
 * @throws TypeError for a `frame` that is neither one comment line nor comment lines and blank lines of which
 * the last is blank, or an `atStart` that is not a boolean
 *
 * @example Survive a load balancer that cuts after 30 s of silence
 * ```ts
 * import { HeartbeatInjector } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\n')
 * const body = upstream.body!.pipeThrough(new HeartbeatInjector({ intervalMs: 10_000 }))
 * console.log(await new Response(body).text())
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
 */
export class HeartbeatInjector extends StageStream<Uint8Array, Uint8Array> {
  constructor(options?: HeartbeatInjectorOptions) {
    super(HeartbeatInjector.stage(options))
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage(options?: HeartbeatInjectorOptions): HeartbeatInjectorStage {
    return new HeartbeatInjectorStage(heartbeatPlan(options))
  }
}

/** A blank line ends at an event boundary wherever a heartbeat may be emitted. */
const BLANK_LINE = Uint8Array.of(LF)

/** The logic of {@link HeartbeatInjector}. */
export class HeartbeatInjectorStage implements Stage<Uint8Array, Uint8Array> {
  /** How many heartbeats were emitted. */
  heartbeats = 0
  /** How many bytes they have. */
  get heartbeatBytes(): number {
    return this.heartbeats * this.#frame.length
  }

  readonly #intervalMs: number
  readonly #frame: Uint8Array
  readonly #atStart: boolean
  /** Scans the bytes that were emitted, with a blank line in place of each heartbeat; absent if all are whole frames. */
  readonly #sent: BoundaryScanner | undefined
  readonly #now: () => number
  #lastByte = LF
  #hasSource = false
  /** Set after a heartbeat that precedes the first byte of the source. */
  #bom: LeadingBom | undefined
  #output!: StageOutput<Uint8Array>
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastByteAt = 0

  /**
   * @param now Returns when the chunk at hand arrived, on the clock of `performance.now()`
   * @param isFramed Whether every chunk ends at an event boundary
   */
  constructor(
    { intervalMs, frame, atStart }: HeartbeatPlan,
    now: () => number = () => performance.now(),
    isFramed = false,
  ) {
    this.#now = now
    if (!isFramed) this.#sent = new BoundaryScanner()
    this.#intervalMs = intervalMs
    this.#frame = frame
    this.#atStart = atStart
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
    this.#lastByteAt = performance.now()
    this.#arm(this.#intervalMs)
    if (this.#atStart) this.#beat()
  }

  push(chunk: Uint8Array): void {
    checkBytes(chunk)
    if (this.#bom === undefined) this.#send(chunk)
    else this.#sendLessBom(chunk, this.#bom)
    this.#hasSource ||= chunk.length > 0
  }

  end(): void {
    clearTimeout(this.#timer)
    if (this.#bom !== undefined && !this.#bom.isDecided) this.#sendSeenBom(this.#bom)
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  #send(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#lastByteAt = this.#now()
    this.#lastByte = chunk[chunk.length - 1] as number
    this.#sent?.scan(chunk)
    this.#output.emit(chunk)
  }

  #sendLessBom(chunk: Uint8Array, bom: LeadingBom): void {
    const seenBefore = bom.seenBytes
    const skipped = bom.skip(chunk)
    if (!bom.isDecided) return
    this.#bom = undefined
    if (bom.seenBytes === 3) {
      this.#send(chunk.subarray(skipped))
      return
    }
    bom.seenBytes = seenBefore
    this.#sendSeenBom(bom)
    this.#send(chunk)
  }

  #sendSeenBom({ seenBytes }: LeadingBom): void {
    this.#send(Uint8Array.of(0xef, 0xbb).subarray(0, seenBytes))
  }

  /**
   * One timer for the whole stream, set again when it fires: setting one for each chunk would cost more than relaying the
   * chunk.
   */
  #arm(delayMs: number): void {
    this.#timer = startDeadline(delayMs, () => this.#onTimer())
  }

  #onTimer(): void {
    const silentMs = performance.now() - this.#lastByteAt
    if (silentMs < this.#intervalMs) {
      this.#arm(this.#intervalMs - silentMs)
      return
    }
    this.#arm(this.#intervalMs)
    if (this.#mayBeat()) this.#beat()
  }

  #beat(): void {
    if (!this.#hasSource) this.#bom ??= new LeadingBom()
    this.heartbeats++
    this.#lastByteAt = performance.now()
    // Not the frame: a comment line does not end at a boundary, but the next event may begin behind it.
    this.#sent?.scan(BLANK_LINE)
    this.#lastByte = LF
    try {
      // A copy, because the reader owns its chunks and may transfer them.
      this.#output.emit(this.#frame.slice())
    } catch (error) {
      this.#output.error(error)
    }
  }

  #mayBeat(): boolean {
    return (
      this.#output.desiredSize > 0 &&
      this.#output.queued === 0 &&
      this.#sent?.isAtBoundary !== false &&
      this.#lastByte !== CR &&
      // Held bytes of a possible mark precede the next chunk.
      (this.#bom === undefined || this.#bom.seenBytes === 0)
    )
  }
}
