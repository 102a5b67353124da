import { checkBytes } from './check-bytes.ts'
import { LeadingBom } from './leading-bom.ts'
import {
  BOUNDARY,
  BOUNDARY_CR,
  CR,
  IN_LINE,
  isLineEnd,
  LF,
  LINE_END_CR,
  nextLineState,
} from './line-state.ts'

/**
 * Finds the last event boundary of each chunk of a stream: the end of a blank line, or the start of the stream.
 *
 * Reads a chunk from its end, because only the last run of line ends decides: a chunk that ends with a blank line costs
 * the same at 100 bytes and at 64 KiB. Holds a few numbers.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class BoundaryScanner {
  /** How many bytes follow the last boundary, over all chunks. */
  openBytes = 0
  #state = BOUNDARY
  /** The state before the last chunk. */
  #stateBefore = BOUNDARY
  readonly #bom = new LeadingBom()
  readonly #maxEventBytes: number

  constructor(maxEventBytes: number = Infinity) {
    this.#maxEventBytes = maxEventBytes
  }

  /** Whether the bytes so far end at an event boundary. */
  get isAtBoundary(): boolean {
    return this.#state >= BOUNDARY
  }

  /** Whether the last byte is a CR, so that an LF may follow that belongs to it. */
  get isAfterCr(): boolean {
    return this.#state === LINE_END_CR || this.#state === BOUNDARY_CR
  }

  /** Whether an event is longer than the limit; the bytes behind it were not read. */
  get isOverLimit(): boolean {
    return this.openBytes > this.#maxEventBytes
  }

  /**
   * Takes the next chunk; returns the offset just behind its last boundary, or 0 without one. With an event over the
   * limit it is the last boundary before that event.
   *
   * @throws TypeError for a chunk that is not bytes
   */
  scan(chunk: Uint8Array): number {
    checkBytes(chunk)
    const start = this.#bom.isDecided ? 0 : this.#skipBom(chunk)
    this.#stateBefore = this.#state
    const { length } = chunk
    if (this.openBytes + length > this.#maxEventBytes) return this.#scanForward(chunk, start)
    // The usual case: two line feeds are a boundary, whatever precedes them.
    if (length >= start + 2 && chunk[length - 1] === LF && chunk[length - 2] === LF) {
      this.#state = BOUNDARY
      this.openBytes = 0
      return length
    }
    return this.#scanBackward(chunk, start)
  }

  /**
   * Returns the offset just behind the first boundary of the last chunk, which must have a boundary and continue an
   * event of an earlier chunk. An LF that belongs to the CR before it is not cut off.
   */
  firstBoundary(chunk: Uint8Array): number {
    let state = this.#stateBefore
    let index = 0
    do {
      const lineStart = index
      while (index < chunk.length && (chunk[index] as number) > CR) index++
      if (index > lineStart) state = IN_LINE
      if (index < chunk.length) state = nextLineState(state, chunk[index++] as number)
    } while (state < BOUNDARY && index < chunk.length)
    return state === BOUNDARY_CR && chunk[index] === LF ? index + 1 : index
  }

  #scanBackward(chunk: Uint8Array, start: number): number {
    let boundary = 0
    let end = chunk.length
    let endState = -1
    // Goes through the runs of line ends, from the last one back to one that holds a blank line.
    do {
      if (endState >= 0) end = endOfRunBefore(chunk, end, start)
      let runStart = end
      while (runStart > start && isLineEnd(chunk[runStart - 1] as number)) runStart--
      let state = runStart === start ? this.#state : IN_LINE
      for (let index = runStart; index < end; index++) {
        state = nextLineState(state, chunk[index] as number)
        if (state >= BOUNDARY) boundary = index + 1
      }
      if (endState < 0) endState = state
      end = runStart
    } while (boundary === 0 && end > start)
    this.#state = endState
    this.openBytes = boundary > 0 ? chunk.length - boundary : this.openBytes + chunk.length
    return boundary
  }

  /** Reads byte by byte; only for a chunk in which an event may be over the limit. */
  #scanForward(chunk: Uint8Array, start: number): number {
    let boundary = 0
    this.openBytes += start
    for (let index = start; index < chunk.length; index++) {
      this.#state = nextLineState(this.#state, chunk[index] as number)
      this.openBytes++
      if (this.isOverLimit) break
      if (this.#state >= BOUNDARY) {
        boundary = index + 1
        this.openBytes = 0
      }
    }
    return boundary
  }

  #skipBom(chunk: Uint8Array): number {
    const seenBefore = this.#bom.seenBytes
    const skipped = this.#bom.skip(chunk)
    // Part of a mark is not a boundary; if it turns out to be text, it begins a line.
    if (this.#bom.seenBytes > seenBefore || this.#bom.isDecided) {
      const { seenBytes } = this.#bom
      this.#state = seenBytes === 0 || seenBytes === 3 ? BOUNDARY : IN_LINE
    }
    return skipped
  }
}

/**
 * Returns where the run of line ends before a run ends, or `start`. Reads every other byte: in the middle of a chunk a
 * blank line is at least two line ends in a row, and a single one is irrelevant.
 */
function endOfRunBefore(chunk: Uint8Array, runStart: number, start: number): number {
  // The byte before a run is inside a line.
  let index = runStart - 3
  // Text has hardly any byte up to CR except line ends, so one comparison covers both.
  while (index >= start && ((chunk[index] as number) > CR || !isLineEnd(chunk[index] as number))) {
    index -= 2
  }
  // At the start one is enough: the line that it ends may have begun in an earlier chunk.
  if (index < start) return isLineEnd(chunk[start] as number) ? start + 1 : start
  return isLineEnd(chunk[index + 1] as number) ? index + 2 : index + 1
}
