import { checkSync } from '../base/check-sync.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { type EncodableSse, encodeEvent } from '../wire/encode-event.ts'
import { LeadingBom } from '../wire/leading-bom.ts'
import { BOUNDARY, BOUNDARY_CR, LF, nextLineState } from '../wire/line-state.ts'
import { SseDecoder } from '../wire/sse-decoder.ts'
import type { DecodedSseEvent, SseEvent } from '../wire/sse-event.ts'
import type { Mapped } from './event-map.ts'

/** Returns what an event becomes: the same object for no change, another event, an array of events, or `null` for none. */
export type EventTransform = (event: DecodedSseEvent) => Exclude<Mapped<SseEvent>, undefined>

const NOTHING_RETURNED =
  'transform returned undefined: return the event, another one, an array of events, or null to drop it'

/**
 * Passes frames on byte for byte, and encodes only those anew whose event the function changes.
 *
 * Takes the output of a `FrameSplitter`: chunks that end at event boundaries. Comments, blocks without data and unchanged
 * events stay as they are. An unfinished event at the end of the stream is dropped, because it cannot be mapped.
 */
export class EventRewriterStage implements Stage<Uint8Array, Uint8Array> {
  /** How many bytes were emitted. */
  bytesOut = 0
  readonly #transform: EventTransform
  readonly #decoder = SseDecoder.stage({ maxEventBytes: Infinity })
  readonly #utf8 = new TextEncoder()
  #event: DecodedSseEvent | undefined
  #output!: StageOutput<Uint8Array>
  #state = BOUNDARY
  readonly #bom = new LeadingBom()

  constructor(transform: EventTransform) {
    this.#transform = transform
    this.#decoder.start({
      emit: (event) => {
        this.#event = event
      },
      error: () => {},
      desiredSize: 1,
      queued: 0,
    })
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(chunk: Uint8Array): void {
    /** Everything before this offset was emitted. */
    let unsent = 0
    let frameStart = 0
    while (frameStart < chunk.length) {
      const frameEnd = this.#frameEnd(
        chunk,
        this.#bom.isDecided ? frameStart : this.#skipBom(chunk),
      )
      // Only the last chunk of a stream can end without a boundary.
      if (frameEnd === 0) break
      let changed: string | undefined
      try {
        changed = this.#rewrite(chunk.subarray(frameStart, frameEnd))
      } catch (error) {
        // The events before it came in the same chunk, and are delivered.
        this.#emit(chunk, unsent, frameStart)
        throw error
      }
      if (changed !== undefined) {
        this.#emit(chunk, unsent, frameStart)
        if (changed !== '') this.#send(this.#utf8.encode(changed))
        unsent = frameEnd
      }
      frameStart = frameEnd
    }
    this.#emit(chunk, unsent, frameStart)
  }

  dispose(): void {
    this.#decoder.dispose()
  }

  /** Returns the text that replaces a frame, or `undefined` for no change. */
  #rewrite(frame: Uint8Array): string | undefined {
    this.#event = undefined
    this.#decoder.push(frame)
    const event = this.#event as DecodedSseEvent | undefined
    if (event === undefined) return
    const before = { ...event }
    let mapped: Mapped<SseEvent>
    try {
      mapped = checkSync('transform', this.#transform(event))
      if (mapped === undefined) throw new TypeError(NOTHING_RETURNED)
      if (mapped === event && isSame(event, before)) return
      return encodeAll(mapped)
    } catch (cause) {
      const { message } = (cause ?? {}) as { message?: unknown }
      throw new SseKitError('SSE_TRANSFORM', `The option transform failed: ${message}`, { cause })
    }
  }

  /** A splitter emits a byte order mark whole; part of one is text. */
  #skipBom(chunk: Uint8Array): number {
    const skipped = this.#bom.skip(chunk)
    return this.#bom.seenBytes === 3 ? skipped : 0
  }

  #frameEnd(chunk: Uint8Array, from: number): number {
    for (let index = from; index < chunk.length; index++) {
      this.#state = nextLineState(this.#state, chunk[index] as number)
      if (this.#state < BOUNDARY) continue
      // An LF that belongs to the CR is part of the frame.
      if (this.#state === BOUNDARY_CR && chunk[index + 1] === LF) continue
      return index + 1
    }
    return 0
  }

  #emit(chunk: Uint8Array, from: number, to: number): void {
    if (from === to) return
    this.#send(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to))
  }

  #send(bytes: Uint8Array): void {
    this.bytesOut += bytes.length
    this.#output.emit(bytes)
  }
}

function isSame(a: DecodedSseEvent, b: DecodedSseEvent): boolean {
  return a.data === b.data && a.event === b.event && a.id === b.id && a.retry === b.retry
}

function encodeAll(mapped: Mapped<SseEvent>): string {
  if (mapped === null || mapped === undefined) return ''
  const events = Array.isArray(mapped) ? (mapped as readonly EncodableSse[]) : [mapped as SseEvent]
  return events.map((event) => encodeEvent(event)).join('')
}
