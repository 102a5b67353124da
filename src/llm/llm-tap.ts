import { SseKitError } from '../base/sse-kit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { CR, LF } from '../wire/line-state.ts'
import { type AnswerEnd, AnswerState } from './answer-state.ts'
import type { Dialect, EventTriage } from './dialect.ts'
import { FOUND_CONTENT, FOUND_READ, KeyScanner } from './key-scanner.ts'
import type { LlmSummary } from './llm-summary.ts'
import { plain } from './plain.ts'

/** What an {@link LlmTap} looks for. */
export interface LlmTapOptions {
  /** Those that the stream may be of; with one, it is taken for that. */
  dialects: readonly Dialect[]
  /** The one that the request speaks for: it is tried first. */
  guess: Dialect
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  /** Whether a stream that ends without the terminal mark of its answer fails. */
  failsTruncated: boolean
  /** Called for each chunk with content in it, with the time. */
  onContent?: ((now: number) => void) | undefined
}

/** After so many events that no dialect recognizes, the stream is taken for a plain one. */
const MAX_UNKNOWN = 5
const COLON = 0x3a
const BRACE = 0x7b
/** Some servers end each answer with it, whatever the API. */
const DONE = '[DONE]'
const DATA = Uint8Array.of(0x64, 0x61, 0x74, 0x61)
const EVENT = Uint8Array.of(0x65, 0x76, 0x65, 0x6e, 0x74)
const BOM = [0xef, 0xbb, 0xbf]

const scanners = new WeakMap<Dialect, KeyScanner>()

/**
 * Learns from the frames of an answer which API it is of, how it ended, and what it cost. No byte changes.
 *
 * Takes what a frame splitter gives: chunks of whole events. Most events are judged by their name or by a scan over
 * their keys; only those that may state something are parsed, once.
 *
 * - Holds what the events stated so far, and no bytes.
 * - What it cannot read makes the stream a plain one; nothing throws.
 */
export class LlmTap implements Stage<Uint8Array, Uint8Array> {
  /** Events with content so far. */
  contentEvents = 0
  readonly #options: LlmTapOptions
  readonly #state = new AnswerState()
  readonly #utf8 = new TextDecoder()
  #output!: StageOutput<Uint8Array>
  #dialect: Dialect | undefined
  #scanner: KeyScanner | undefined
  #unknown = 0
  #firstContentMs: number | undefined
  #isFirstChunk = true
  /** The name of the last event that had one, and what is done with events of that name. */
  #nameBytes = new Uint8Array()
  #name = ''
  #nameTriage: EventTriage = 'read'
  #unnamedTriage: EventTriage = 'read'

  constructor(options: LlmTapOptions) {
    this.#options = options
    const [only] = options.dialects
    if (options.dialects.length === 1 && only !== undefined) this.#become(only)
  }

  /** How the answer would end now; `undefined` where no dialect says so. */
  get answerEnd(): AnswerEnd | undefined {
    return this.#known === plain ? undefined : this.#state.end
  }

  /** Whether the terminal mark has come: nothing of the answer follows. */
  get isOver(): boolean {
    return this.#dialect !== plain && this.#state.isOver
  }

  /** The dialect, as far as it is known. */
  get dialect(): Dialect {
    return this.#dialect ?? this.#options.guess
  }

  /** Where no event came at all: what the request was for. */
  get #known(): Dialect {
    return this.#dialect ?? (this.#unknown === 0 ? this.#options.guess : plain)
  }

  summary(): LlmSummary {
    const dialect = this.#known
    const { model, finishReason, usage, upstreamErrorType } = this.#state
    const isKnown = dialect !== plain
    return {
      dialect: dialect.name,
      ...(isKnown && model !== undefined && { model }),
      ...(isKnown && finishReason !== undefined && { finishReason }),
      ...(isKnown && usage !== undefined && { usage }),
      ...(isKnown &&
        this.#firstContentMs !== undefined && { firstContentMs: this.#firstContentMs }),
      contentEvents: isKnown ? this.contentEvents : 0,
      ...(isKnown && upstreamErrorType !== undefined && { upstreamErrorType }),
    }
  }

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(frames: Uint8Array): void {
    if (this.#dialect !== plain) this.#look(frames)
    this.#output.emit(frames)
  }

  /** @throws SseKitError with `SSE_TRUNCATED` for an answer that has not come to its end */
  end(): void {
    if (!this.#options.failsTruncated || this.answerEnd !== 'truncated') return
    throw new SseKitError(
      'SSE_TRUNCATED',
      `The stream of dialect ${this.dialect.name} ended without its terminal mark`,
    )
  }

  #look(frames: Uint8Array): void {
    const before = this.contentEvents
    const { length } = frames
    let at = this.#isFirstChunk ? bomLength(frames) : 0
    this.#isFirstChunk = false
    // One search for the whole chunk: a stream without CR would be searched to its end for each line.
    let nextCr = frames.indexOf(CR, at)
    let name: number | undefined
    let nameEnd = 0
    let dataStart: number | undefined
    let dataEnd = 0
    let more: string[] | undefined
    while (at < length) {
      if (nextCr >= 0 && nextCr < at) nextCr = frames.indexOf(CR, at)
      const lf = frames.indexOf(LF, at)
      const lineEnd = nextCr >= 0 && (lf < 0 || nextCr < lf) ? nextCr : lf < 0 ? length : lf
      if (lineEnd === at) {
        if (dataStart !== undefined) {
          this.#onEvent(frames, name, nameEnd, dataStart, dataEnd, more)
          if (this.#dialect === plain) return
        }
        name = dataStart = more = undefined
      } else if (isField(frames, at, lineEnd, DATA)) {
        const start = valueStart(frames, at + DATA.length, lineEnd)
        if (dataStart === undefined) {
          dataStart = start
          dataEnd = lineEnd
        } else {
          more ??= []
          more.push(this.#utf8.decode(frames.subarray(start, lineEnd)))
        }
      } else if (isField(frames, at, lineEnd, EVENT)) {
        name = valueStart(frames, at + EVENT.length, lineEnd)
        nameEnd = lineEnd
      }
      at = lineEnd + (lineEnd === nextCr && lf === lineEnd + 1 ? 2 : 1)
    }
    if (this.contentEvents > before) this.#onContent()
  }

  #onContent(): void {
    const now = performance.now()
    this.#firstContentMs ??= now - this.#options.requestedAt
    this.#options.onContent?.(now)
  }

  #onEvent(
    frames: Uint8Array,
    nameStart: number | undefined,
    nameEnd: number,
    dataStart: number,
    dataEnd: number,
    more: readonly string[] | undefined,
  ): void {
    let triage = this.#unnamedTriage
    let name = ''
    if (nameStart !== undefined && nameEnd > nameStart) {
      triage = this.#named(frames, nameStart, nameEnd)
      name = this.#name
    }
    if (triage === 'skip') return
    if (triage === 'content') {
      this.contentEvents++
      return
    }
    if (triage === 'scan' && more === undefined && frames[dataStart] === BRACE) {
      const found = this.#scanner?.scan(frames, dataStart, dataEnd)
      if (found === FOUND_CONTENT) this.contentEvents++
      if (found !== FOUND_READ) return
    }
    const first = this.#utf8.decode(frames.subarray(dataStart, dataEnd))
    const data = more === undefined ? first : [first, ...more].join('\n')
    if (data.trim() !== '') this.#read(name, data)
  }

  #named(frames: Uint8Array, start: number, end: number): EventTriage {
    const known = this.#nameBytes
    let index = known.length === end - start ? 0 : -1
    while (index >= 0 && index < known.length && known[index] === frames[start + index]) index++
    if (index < known.length || index < 0) {
      this.#nameBytes = frames.slice(start, end)
      this.#name = this.#utf8.decode(this.#nameBytes)
      this.#nameTriage = this.#dialect?.triage(this.#name) ?? 'read'
    }
    return this.#nameTriage
  }

  #read(event: string, data: string): void {
    const json = parsed(data)
    const dialect = this.#dialect ?? this.#recognized(event, json)
    if (dialect === undefined) return
    const isNoJson = json === undefined && data.trim() !== DONE
    if (isNoJson || this.#isOfAnother(dialect, event, json)) {
      this.#become(plain)
      return
    }
    const facts = dialect.read(event, json, data)
    this.#state.add(facts)
    if (facts.isContent === true) this.contentEvents++
  }

  #recognized(event: string, json: unknown): Dialect | undefined {
    const { guess, dialects } = this.#options
    const found = [guess, ...dialects].find(
      (dialect) => dialect !== plain && dialect.recognizes(event, json),
    )
    if (found !== undefined) this.#become(found)
    else if (++this.#unknown >= MAX_UNKNOWN) this.#become(plain)
    return found
  }

  /** Whether the stream has changed to another dialect. */
  #isOfAnother(dialect: Dialect, event: string, json: unknown): boolean {
    if (json === undefined || dialect.recognizes(event, json)) return false
    return this.#options.dialects.some((other) => other.recognizes(event, json))
  }

  #become(dialect: Dialect): void {
    this.#dialect = dialect
    this.#unknown = 0
    this.#nameBytes = new Uint8Array()
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

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return
  }
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
