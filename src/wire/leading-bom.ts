const BOM = [0xef, 0xbb, 0xbf] as const

/**
 * Finds the byte order mark that a stream may start with, however it is chunked.
 *
 * @see https://encoding.spec.whatwg.org/#utf-8-decode
 */
export class LeadingBom {
  /** Whether it is known if there is one. */
  isDecided = false
  /** How many of its bytes were seen. Once decided, 3 means that there was a mark; fewer were text. */
  seenBytes = 0

  /** Takes the next chunk; returns how many bytes at its start belong to the mark, or may belong to it. */
  skip(chunk: Uint8Array): number {
    if (this.isDecided) return 0
    let index = 0
    while (index < chunk.length) {
      if (chunk[index] !== BOM[this.seenBytes]) {
        this.isDecided = true
        return index
      }
      index++
      if (++this.seenBytes === BOM.length) {
        this.isDecided = true
        return index
      }
    }
    return index
  }
}
