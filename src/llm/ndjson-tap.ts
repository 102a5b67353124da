import { reportError } from '../base/report-error.ts'
import { LF } from '../wire/line-state.ts'
import { AnswerTap } from './answer-tap.ts'
import { plain } from './plain.ts'

/** A longer line is not read: it is no part of an answer of a known API. */
const MAX_LINE_BYTES = 1_048_576

/**
 * Reads an answer of JSON lines as it passes: bytes are passed on as they come, and each line is an event.
 *
 * Holds the unfinished line, at most 1 MiB.
 */
export class NdjsonTap extends AnswerTap {
  readonly #utf8 = new TextDecoder()
  /** The beginning of the unfinished line; nothing of one that is too long. */
  #line = ''
  #heldBytes = 0

  get heldBytes(): number {
    return Math.min(this.#heldBytes, MAX_LINE_BYTES)
  }

  /** Whether an error frame may follow the bytes so far: they are whole lines of a known API. */
  get isBetweenLines(): boolean {
    return this.#heldBytes === 0 && this.isKnown
  }

  push(chunk: Uint8Array): void {
    if (this.reader.dialect !== plain) this.#look(chunk)
    this.output.emit(chunk)
  }

  override end(): void {
    const line = this.#takeLine()
    // The last line may end with the stream; one that was cut states nothing.
    if (isJson(line)) this.#read(line)
    super.end()
  }

  dispose(): void {
    this.#line = ''
    this.#heldBytes = 0
  }

  #look(chunk: Uint8Array): void {
    const before = this.contentEvents
    let at = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, at)) {
      this.#hold(chunk.subarray(at, end))
      this.#read(this.#takeLine())
      at = end + 1
    }
    this.#hold(chunk.subarray(at))
    if (this.contentEvents > before) this.addContentTime()
  }

  #read(line: string): void {
    if (line.trim() === '' || this.reader.dialect === plain) return
    try {
      this.reader.read('', line)
    } catch (error) {
      reportError(`The dialect ${this.dialect.name} failed; the stream was not affected`, error)
      this.reader.become(plain)
    }
  }

  #hold(piece: Uint8Array): void {
    this.#heldBytes += piece.length
    const text = this.#utf8.decode(piece, { stream: true })
    this.#line = this.#heldBytes <= MAX_LINE_BYTES ? this.#line + text : ''
  }

  #takeLine(): string {
    const line = this.#line + this.#utf8.decode()
    this.dispose()
    return line
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
