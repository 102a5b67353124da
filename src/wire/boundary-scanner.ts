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
 * Knows after any number of chunks whether the bytes so far end at an event boundary, and where in a chunk
 * the last boundary is. Event boundaries are where a blank line ends, and the start of the stream.
 *
 * It looks at a chunk from its end: only the last run of line ends decides, so a chunk that ends with a
 * blank line costs the same at 100 bytes and at 64 KiB. Holds nothing but a few numbers.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class BoundaryScanner {
  /** The bytes after the last boundary, over all chunks. */
  openBytes = 0
  #state = BOUNDARY
  /** Where the last chunk began. */
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

  /** Whether the last byte is a CR, of which an LF may be the other half. */
  get isAfterCr(): boolean {
    return this.#state === LINE_END_CR || this.#state === BOUNDARY_CR
  }

  /** Whether an event is longer than the limit; what follows it has not been looked at. */
  get isOverLimit(): boolean {
    return this.openBytes > this.#maxEventBytes
  }

  /**
   * Takes the next chunk and returns the offset in it just behind its last boundary, or 0 if there is none.
   * With an event over the limit: behind the last boundary before that event.
   *
   * @throws TypeError for a chunk that is no bytes
   */
  scan(chunk: Uint8Array): number {
    checkBytes(chunk)
    const start = this.#bom.isDecided ? 0 : this.#skipBom(chunk)
    this.#stateBefore = this.#state
    const { length } = chunk
    if (this.openBytes + length > this.#maxEventBytes) return this.#scanForward(chunk, start)
    // As nearly every event ends: whatever was before them, two line feeds are a boundary.
    if (length >= start + 2 && chunk[length - 1] === LF && chunk[length - 2] === LF) {
      this.#state = BOUNDARY
      this.openBytes = 0
      return length
    }
    return this.#scanBackward(chunk, start)
  }

  /**
   * The offset in the chunk that was scanned last just behind its first boundary, for one that has a boundary
   * and in which an event goes on that began before it. An LF that belongs to the CR before it is not cut off.
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
    // Run of line ends after run of line ends, from the last one back to the first that holds a blank line.
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

  /** Byte by byte: only where a chunk is so large that one of its events may be over the limit. */
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
    // Part of a mark is no place to cut; and if it turns out to be text, it is the beginning of a line.
    if (this.#bom.seenBytes > seenBefore || this.#bom.isDecided) {
      const { seenBytes } = this.#bom
      this.#state = seenBytes === 0 || seenBytes === 3 ? BOUNDARY : IN_LINE
    }
    return skipped
  }
}

/**
 * Where the last run of line ends before a run ends, or `start`. It looks at every other byte: in the middle
 * of a chunk a blank line is at least two line ends in a row, and a single one decides nothing.
 */
function endOfRunBefore(chunk: Uint8Array, runStart: number, start: number): number {
  // The byte in front of a run is inside a line.
  let index = runStart - 3
  // Text has hardly a byte up to CR but line ends: one comparison for both.
  while (index >= start && ((chunk[index] as number) > CR || !isLineEnd(chunk[index] as number))) {
    index -= 2
  }
  // At the very start one is enough: the line it ends may have begun in an earlier chunk.
  if (index < start) return isLineEnd(chunk[start] as number) ? start + 1 : start
  return isLineEnd(chunk[index + 1] as number) ? index + 2 : index + 1
}
