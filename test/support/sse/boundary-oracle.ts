/**
 * Whether bytes from the start of a stream end at an event boundary: after a blank line, or before any line. Scans all
 * of them each time, which a real scanner could not afford.
 */
export function endsAtBoundary(bytes: Uint8Array): boolean {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte))
    .join('')
    .replace(/^\u00ef\u00bb\u00bf/, '')
  const lines = text.split(/\r\n|\r|\n/)
  // The text after the last line end is not a line yet: it has to be empty, after an empty line.
  return lines.at(-1) === '' && (lines.length === 1 || lines.at(-2) === '')
}

/** Returns the offsets at which a splitter may cut, ascending; not after a byte order mark alone. */
export function cuttingPlaces(bytes: Uint8Array): number[] {
  const places: number[] = []
  for (let end = 1; end <= bytes.length; end++) {
    const head = bytes.subarray(0, end)
    const isOnlyBom = end === 3 && head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf
    if (endsAtBoundary(head) && !isOnlyBom) places.push(end)
  }
  return places
}

/** Whether the bytes after an event boundary are whole comment lines, which do not begin an event. */
export function isCommentLines(bytes: Uint8Array): boolean {
  return /^(?::[^\r\n]*(?:\r\n|\r|\n))*$/.test(Buffer.from(bytes).toString('latin1'))
}
