import { isLineEnd } from './line-state.ts'

const COLON = 0x3a

/**
 * Returns whether bytes that begin at the start of a line are whole comment lines only. A stream that ends with them has
 * lost no part of an event.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function areCommentLines(bytes: Uint8Array): boolean {
  let isAtLineStart = true
  for (const byte of bytes) {
    if (isAtLineStart && byte !== COLON && !isLineEnd(byte)) return false
    isAtLineStart = isLineEnd(byte)
  }
  return isAtLineStart
}
