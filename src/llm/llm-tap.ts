import { reportError } from '../base/report-error.ts'
import { CR, LF } from '../wire/line-state.ts'
import { AnswerTap, type AnswerTapOptions } from './answer-tap.ts'
import type { Dialect, EventTriage } from './dialect.ts'
import { FOUND_CONTENT, FOUND_READ, KeyScanner } from './key-scanner.ts'
import { plain } from './plain.ts'

const COLON = 0x3a
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const DATA = Uint8Array.of(0x64, 0x61, 0x74, 0x61)
const EVENT = Uint8Array.of(0x65, 0x76, 0x65, 0x6e, 0x74)
const BOM = [0xef, 0xbb, 0xbf]

const NO_BYTES = new Uint8Array()
const NONE: readonly [] = []
/** One for all streams: it decodes whole values, and keeps nothing. */
const utf8 = new TextDecoder()

const scanners = new WeakMap<Dialect, KeyScanner>()

/**
 * Learns from the frames of an answer which API it is of, how it ended, and what it cost. No byte changes; at most the event with the
 * usage is left out.
 *
 * Takes what a frame splitter gives: chunks of whole events. Most events are judged by their name or by a scan over
 * their keys; only those that may state something are parsed, once.
 *
 * - Holds what the events stated so far, and no bytes.
 * - What it cannot read makes the stream a plain one, and so does a dialect that throws, which is reported.
 */
export class LlmTap extends AnswerTap {
  /** The one that the scanner and the triages below are of. */
  #dialect: Dialect | undefined
  #scanner: KeyScanner | undefined
  #isFirstChunk = true
  /** The name of the last event that had one, and what is done with events of that name. */
  #nameBytes = NO_BYTES
  #name = ''
  #nameTriage: EventTriage = 'read'
  #unnamedTriage: EventTriage = 'read'
  readonly #hidesUsage: boolean
  /** Where the events begin and end that are left out of the chunk at hand. */
  #hidden: readonly (readonly [start: number, end: number])[] = NONE

  constructor(options: AnswerTapOptions) {
    super(options)
    this.#hidesUsage = options.hidesUsage === true
  }

  push(frames: Uint8Array): void {
    if (this.#dialect !== plain) {
      try {
        this.#look(frames)
      } catch (error) {
        reportError(`The dialect ${this.dialect.name} failed; the stream was not affected`, error)
        this.reader.become(plain)
        this.#follow()
      }
    }
    if (this.#hidden === NONE) this.output.emit(frames)
    else this.#emitRest(frames)
  }

  #emitRest(frames: Uint8Array): void {
    let at = 0
    for (const [start, end] of this.#hidden) {
      if (start > at) this.output.emit(frames.subarray(at, start))
      at = end
    }
    this.#hidden = NONE
    if (at < frames.length) this.output.emit(frames.subarray(at))
  }

  #look(frames: Uint8Array): void {
    if (this.#isFirstChunk) this.#follow()
    const before = this.contentEvents
    const { length } = frames
    let at = this.#isFirstChunk ? bomLength(frames) : 0
    let frameStart = at
    this.#isFirstChunk = false
    // Searched for once each: a stream without CR, or one without LF, would be searched to its end for each line.
    let nextCr = frames.indexOf(CR, at)
    let nextLf = frames.indexOf(LF, at)
    let name: number | undefined
    let nameEnd = 0
    let dataStart: number | undefined
    let dataEnd = 0
    let isMultiLine = false
    while (at < length) {
      if (nextCr >= 0 && nextCr < at) nextCr = frames.indexOf(CR, at)
      if (nextLf >= 0 && nextLf < at) nextLf = frames.indexOf(LF, at)
      const isCr = nextCr >= 0 && (nextLf < 0 || nextCr < nextLf)
      const lineEnd = isCr ? nextCr : nextLf < 0 ? length : nextLf
      if (lineEnd === at) {
        if (dataStart !== undefined) {
          const end = isMultiLine ? at : dataEnd
          this.reader.isUsageAlone = false
          this.#onEvent(frames, name, nameEnd, dataStart, end, isMultiLine)
          if (this.#hidesUsage && this.reader.isUsageAlone) {
            const end = lineEnd + lineEndLength(frames, lineEnd)
            this.#hidden = [...this.#hidden, [frameStart, end]]
          }
          if (this.#dialect === plain) return
        }
        name = dataStart = undefined
        isMultiLine = false
        frameStart = lineEnd + lineEndLength(frames, lineEnd)
      } else if (isField(frames, at, lineEnd, DATA)) {
        isMultiLine = dataStart !== undefined
        dataStart ??= valueStart(frames, at + DATA.length, lineEnd)
        dataEnd = lineEnd
      } else if (isField(frames, at, lineEnd, EVENT)) {
        name = valueStart(frames, at + EVENT.length, lineEnd)
        nameEnd = lineEnd
      }
      at = lineEnd + (isCr && nextLf === lineEnd + 1 ? 2 : 1)
    }
    if (this.contentEvents > before) this.addContentTime()
  }

  #onEvent(
    frames: Uint8Array,
    nameStart: number | undefined,
    nameEnd: number,
    dataStart: number,
    dataEnd: number,
    isMultiLine: boolean,
  ): void {
    let triage = this.#unnamedTriage
    let name = ''
    if (nameStart !== undefined && nameEnd > nameStart) {
      triage = this.#named(frames, nameStart, nameEnd)
      name = this.#name
    }
    if (triage === 'skip') return
    const isObject = frames[dataStart] === BRACE
    // What is cut off is no JSON: to be read, to find that out.
    if (triage !== 'read' && (!isObject || frames[dataEnd - 1] === CLOSING_BRACE)) {
      let found = triage === 'content' ? FOUND_CONTENT : FOUND_READ
      if (triage === 'scan' && isObject && !isMultiLine && this.#scanner !== undefined) {
        found = this.#scanner.scan(frames, dataStart, dataEnd)
      }
      if (found === FOUND_CONTENT) {
        this.reader.addUnread()
        return
      }
    }
    const text = utf8.decode(frames.subarray(dataStart, dataEnd))
    const data = isMultiLine ? joined(text) : text
    if (data.trim() === '') return
    this.reader.read(name, data)
    if (this.reader.dialect !== this.#dialect) this.#follow()
  }

  #named(frames: Uint8Array, start: number, end: number): EventTriage {
    const known = this.#nameBytes
    let index = known.length === end - start ? 0 : -1
    while (index >= 0 && index < known.length && known[index] === frames[start + index]) index++
    if (index < known.length || index < 0) {
      this.#nameBytes = frames.slice(start, end)
      this.#name = utf8.decode(this.#nameBytes)
      this.#nameTriage = this.#dialect?.triage(this.#name) ?? 'read'
    }
    return this.#nameTriage
  }

  /** Looks at events as the dialect wants it, once that is known. */
  #follow(): void {
    const dialect = this.reader.dialect
    if (dialect === undefined) return
    this.#dialect = dialect
    this.#nameBytes = NO_BYTES
    this.#unnamedTriage = dialect.triage('')
    this.#scanner = scannerOf(dialect)
  }
}

/** One for all streams of a dialect. */
function scannerOf(dialect: Dialect): KeyScanner | undefined {
  let scanner = scanners.get(dialect)
  if (scanner === undefined && dialect.keys !== undefined) {
    scanner = new KeyScanner(dialect.keys)
    scanners.set(dialect, scanner)
  }
  return scanner
}

/** The data of an event of several lines, from its text behind the first `data:`. */
function joined(text: string): string {
  const [first, ...lines] = text.split(/\r\n|\n|\r/)
  const more = lines.filter((line) => /^data(:|$)/.test(line))
  return [first, ...more.map((line) => line.replace(/^data:? ?/, ''))].join('\n')
}

function lineEndLength(bytes: Uint8Array, at: number): number {
  return bytes[at] === CR && bytes[at + 1] === LF ? 2 : 1
}

function isField(bytes: Uint8Array, at: number, end: number, name: Uint8Array): boolean {
  const { length } = name
  for (let index = 0; index < length; index++) if (bytes[at + index] !== name[index]) return false
  return at + length === end || bytes[at + length] === COLON
}

function valueStart(bytes: Uint8Array, at: number, end: number): number {
  const start = bytes[at] === COLON ? at + 1 : at
  return start < end && bytes[start] === 0x20 ? start + 1 : start
}

function bomLength(bytes: Uint8Array): number {
  return BOM.every((byte, index) => bytes[index] === byte) ? BOM.length : 0
}
