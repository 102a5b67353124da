import { startDeadline } from '../base/deadline.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { BoundaryScanner } from '../wire/boundary-scanner.ts'
import { checkBytes } from '../wire/check-bytes.ts'
import { LeadingBom } from '../wire/leading-bom.ts'
import { LF } from '../wire/line-state.ts'
import {
  type HeartbeatInjectorOptions,
  type HeartbeatPlan,
  heartbeatPlan,
} from './heartbeat-plan.ts'

/**
 * Keeps a silent stream alive: sends a comment when no byte went out for a while.
 *
 * A heartbeat goes out only where the bytes already sent end at an event boundary, never between a CR and an
 * LF that may belong to it, only when the reader asks for more, and never while anything is still waiting to
 * be read. So it breaks no event, whatever the chunks are, and a stream that nobody reads does not fill with
 * heartbeats. A stream that ends its events with bare CRs gets none, as each CR may be the half of a CRLF.
 *
 * A frame of one comment line opens no event either: the next event may follow it directly, and so may the
 * next heartbeat. It suits clients that report every blank line as a message.
 *
 * With `atStart` the first heartbeat goes out before anything else, also when the source stays silent.
 *
 * No other byte changes, with one exception: a byte order mark that arrives after a heartbeat is dropped. It
 * means something only at the very start, and behind a heartbeat it would become part of the first line.
 *
 * - Holds nothing (up to two bytes of what may be such a byte order mark).
 * - Backpressure: takes a chunk when one is asked for.
 * - Cancel, error and end: the timer is gone at once.
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

/** A blank line alone: it ends at an event boundary wherever a heartbeat may go out. */
const BLANK_LINE = Uint8Array.of(LF)

/** The logic of {@link HeartbeatInjector}. */
export class HeartbeatInjectorStage implements Stage<Uint8Array, Uint8Array> {
  /** How many heartbeats have gone out. */
  heartbeats = 0
  /** How many bytes that was. */
  get heartbeatBytes(): number {
    return this.heartbeats * this.#frame.length
  }

  readonly #intervalMs: number
  readonly #frame: Uint8Array
  readonly #atStart: boolean
  /** Over the bytes that were sent, with a blank line in place of each heartbeat. */
  readonly #sent = new BoundaryScanner()
  #hasSource = false
  /** There after a heartbeat that came before the first byte of the source. */
  #bom: LeadingBom | undefined
  #output!: StageOutput<Uint8Array>
  #timer: ReturnType<typeof setTimeout> | undefined
  #lastByteAt = 0

  constructor({ intervalMs, frame, atStart }: HeartbeatPlan) {
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
    this.#lastByteAt = performance.now()
    this.#sent.scan(chunk)
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
   * One timer for the whole stream, set again when it fires: to set one for each chunk costs more than to
   * relay the chunk.
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
    // Not the frame: behind one comment line the bytes are not at a boundary, yet the next event may begin there.
    this.#sent.scan(BLANK_LINE)
    try {
      // A copy: whoever reads the stream owns its chunks, and may transfer them.
      this.#output.emit(this.#frame.slice())
    } catch (error) {
      this.#output.error(error)
    }
  }

  #mayBeat(): boolean {
    return (
      this.#output.desiredSize > 0 &&
      this.#output.queued === 0 &&
      this.#sent.isAtBoundary &&
      !this.#sent.isAfterCr &&
      // Bytes that were taken and not sent: there is something in front of the next one.
      (this.#bom === undefined || this.#bom.seenBytes === 0)
    )
  }
}
