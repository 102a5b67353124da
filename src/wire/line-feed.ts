import type { EventSourceParser } from 'eventsource-parser'

/** Beginnings of a line that may become an `id` or `retry` field. */
const PREFIXES = new Set(['i', 'r', 're', 'ret', 'retr'])
const LF = 10
const I = 0x69

/**
 * Feeds text to the parser, and tracks event ids itself.
 *
 * The parser reports an id only with an event (version 3 does not report a block with an id and no data), and it
 * keeps a line that ends with a bare CR until it sees the next character. So this class turns line ends into LF, and
 * after the first `id` or `retry` line of a stream it reads line by line. Streams without either, which is what LLM APIs
 * send, cost two searches per chunk.
 */
export class LineFeed {
  /** The sticky last event id. */
  lastEventId = ''
  /** The id of the current block, set at its blank line. */
  id: string | undefined
  /** The reconnection time of the current block. */
  retry: number | undefined

  readonly #parser: EventSourceParser
  readonly #onId: (id: string) => void
  /** The id of the current block, which is valid only from its blank line on. */
  #pendingId: string | undefined
  /** Whether the current block has an `id` or `retry` line, so that its end matters. */
  #isMarked = false
  #isAfterCr = false
  #isAtLineStart = true
  /** The beginning of a line that does not yet show which field it is. */
  #prefix = ''
  /** Whether the stream is read line by line. */
  #isWatching = false
  /** The pieces of an unfinished `id` line, which may span any number of chunks; joined once. */
  #idLine: string[] | undefined

  constructor(parser: EventSourceParser, onId: (id: string) => void) {
    this.#parser = parser
    this.#onId = onId
  }

  feed(chunk: string): void {
    let text = chunk
    if (this.#isAfterCr || text.includes('\r')) text = this.#normalize(text)
    if (this.#prefix !== '') {
      text = this.#prefix + text
      this.#prefix = ''
    }
    if (text === '') return
    if (!this.#isWatching && !this.#mayHold(text)) {
      this.#feedPlain(text)
      return
    }
    this.#isWatching = true
    this.#feedWatching(text)
  }

  #normalize(chunk: string): string {
    if (chunk === '') return chunk
    const isSecondHalf = this.#isAfterCr && chunk.charCodeAt(0) === LF
    this.#isAfterCr = chunk.endsWith('\r')
    return (isSecondHalf ? chunk.slice(1) : chunk).replace(/\r\n?/g, '\n')
  }

  /** Whether a line may start with an `id` or `retry` field: one search for line ends instead of two for fields. */
  #mayHold(text: string): boolean {
    let at = this.#isAtLineStart ? 0 : text.indexOf('\n') + 1
    if (at === 0 && !this.#isAtLineStart) return false
    do {
      let first = text.charCodeAt(at)
      while (first === LF) first = text.charCodeAt(++at)
      // Decides nearly every line: `data` and `event` sort before both.
      if (first >= I && (text.startsWith('id', at) || text.startsWith('retry', at))) return true
      at = text.indexOf('\n', at) + 1
    } while (at > 0)
    return false
  }

  #feedPlain(text: string): void {
    if (text.charCodeAt(text.length - 1) === LF) {
      this.#isAtLineStart = true
      this.#parser.feed(text)
      return
    }
    const lineStart = text.lastIndexOf('\n') + 1
    const isLine = lineStart > 0 || this.#isAtLineStart
    if (isLine && PREFIXES.has(text.slice(lineStart, lineStart + 5))) {
      this.#prefix = text.slice(lineStart)
      this.#isAtLineStart = true
      if (lineStart > 0) this.#parser.feed(text.slice(0, lineStart))
      return
    }
    this.#isAtLineStart = false
    this.#parser.feed(text)
  }

  #feedWatching(text: string): void {
    let from = 0
    let at = 0
    while (at < text.length) {
      if (this.#idLine !== undefined) {
        from = at = this.#readIdLine(text, at)
        continue
      }
      if (!this.#isAtLineStart) {
        at = text.indexOf('\n', at) + 1
        if (at === 0) break
        this.#isAtLineStart = true
        continue
      }
      if (text.charCodeAt(at) === LF) {
        if (this.#isMarked) {
          this.#parser.feed(text.slice(from, at))
          this.#endBlock()
          from = at + 1
        }
        at++
        continue
      }
      const rest = text.slice(at, at + 6)
      if (rest === 'id' || PREFIXES.has(rest)) {
        this.#prefix = rest
        if (from < at) this.#parser.feed(text.slice(from, at))
        return
      }
      if (rest.startsWith('id:') || rest.startsWith('id\n')) {
        if (from < at) this.#parser.feed(text.slice(from, at))
        this.#idLine = []
        this.#isMarked = true
        continue
      }
      if (rest.startsWith('retry')) this.#isMarked = true
      this.#isAtLineStart = false
    }
    if (from < text.length && this.#idLine === undefined) this.#parser.feed(text.slice(from))
  }

  /** Takes the `id` line from the text, up to its end or that of the text, and returns the offset behind it. */
  #readIdLine(text: string, from: number): number {
    const lineEnd = text.indexOf('\n', from)
    this.#idLine?.push(text.slice(from, lineEnd === -1 ? text.length : lineEnd))
    if (lineEnd === -1) return text.length
    // Without "id:" and one space.
    const value = (this.#idLine ?? []).join('').slice(3).replace(/^ /, '')
    this.#idLine = undefined
    this.#isAtLineStart = true
    // "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the field value."
    if (!value.includes('\0')) this.#pendingId = value
    return lineEnd + 1
  }

  /** "Set the last event ID string of the event source to the value of the last event ID buffer." */
  #endBlock(): void {
    if (this.#pendingId !== undefined) {
      this.id = this.lastEventId = this.#pendingId
      this.#onId(this.id)
    }
    this.#parser.feed('\n')
    this.id = this.retry = this.#pendingId = undefined
    this.#isMarked = false
  }
}
