/** LF, the line end that nearly every stream uses. */
export const LF = 10
/** CR, a line end of its own, or the first half of one. */
export const CR = 13

/** Inside a line. */
export const IN_LINE = 0
/** After the end of a line that was not blank. */
export const LINE_END = 1
/** The same, ended by a CR that an LF may still belong to. */
export const LINE_END_CR = 2
/** After a blank line, or at the very start; this state and those above it are event boundaries. */
export const BOUNDARY = 3
/** The same, ended by a CR that an LF may still belong to. */
export const BOUNDARY_CR = 4

const AFTER_LF = [LINE_END, BOUNDARY, LINE_END, BOUNDARY, BOUNDARY] as const
const AFTER_CR = [LINE_END_CR, BOUNDARY_CR, BOUNDARY_CR, BOUNDARY_CR, BOUNDARY_CR] as const

/**
 * Returns the state of a stream after a byte, with regard to line ends and event boundaries.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function nextLineState(state: number, byte: number): number {
  if (byte === LF) return AFTER_LF[state] as number
  if (byte === CR) return AFTER_CR[state] as number
  return IN_LINE
}

/** Whether a byte is a line end, or part of one. */
export function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR
}
