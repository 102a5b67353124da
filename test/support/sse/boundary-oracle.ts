/**
 * Whether bytes, from the start of a stream on, end at an event boundary: where a blank line ends, or where
 * nothing has been said yet. Looks at all of them each time, which no scanner could afford.
 */
export function endsAtBoundary(bytes: Uint8Array): boolean {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join('')
    .replace(/^\u00ef\u00bb\u00bf/, '')
  const lines = text.split(/\r\n|\r|\n/)
  // What follows the last line end is no line yet; it has to be nothing, behind a line that is nothing.
  return lines.at(-1) === '' && (lines.length === 1 || lines.at(-2) === '')
}

/** The offsets behind which a splitter may cut, ascending. A byte order mark alone is not worth a chunk. */
export function cuttingPlaces(bytes: Uint8Array): number[] {
  const places: number[] = []
  for (let end = 1; end <= bytes.length; end++) {
    const head = bytes.subarray(0, end)
    const isOnlyBom = end === 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf
    if (endsAtBoundary(head) && !isOnlyBom) places.push(end)
  }
  return places
}

/** Whether bytes from an event boundary on are whole comment lines, with which no event has begun. */
export function isCommentLines(bytes: Uint8Array): boolean {
  return /^(?::[^\r\n]*(?:\r\n|\r|\n))*$/.test(Buffer.from(bytes).toString('latin1'))
}
