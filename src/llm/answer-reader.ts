import { AnswerState } from './answer-state.ts'
import type { Dialect, EventFacts } from './dialect.ts'
import { DIALECTS } from './dialects.ts'
import { jsonOf, nameOf, objectOf } from './json-shape.ts'
import { plain } from './plain.ts'

/** What an {@link AnswerReader} looks for. */
export interface AnswerReaderOptions {
  /** The dialects that the stream may be of. */
  dialects: readonly Dialect[]
  /** The one that the request speaks for: it is tried first. */
  guess: Dialect
  /** Whether the application says that it is that one. */
  isGiven: boolean
}

/** After so many events that no dialect recognizes, the stream is taken for a plain one. */
const MAX_UNKNOWN = 16
/** Some servers end each answer with it, whatever the API. */
const DONE = '[DONE]'
/** A heartbeat of Anthropic's API and of gateways to any: it says nothing of the dialect. */
const PING = 'ping'

/**
 * Reads events of an answer: recognizes its dialect by the first of them, and adds up what they state.
 *
 * - Holds what was stated so far, and no events.
 * - An event that is no JSON, or of another dialect, makes the stream a plain one.
 */
export class AnswerReader {
  readonly state: AnswerState = new AnswerState()
  /** Events with content so far. */
  contentEvents = 0
  /** Whether the last event that was read states usage and belongs to no choice: the one that a client has to ask for. */
  isUsageAlone = false
  /** The dialect, once it is known. */
  dialect: Dialect | undefined
  readonly #options: AnswerReaderOptions
  #unknown = 0

  constructor(options: AnswerReaderOptions) {
    this.#options = options
    if (options.isGiven) this.dialect = options.guess
  }

  /** The dialect of a stream that ends now: what the request was for, where nothing else came. */
  get likely(): Dialect {
    return this.dialect ?? (this.#unknown === 0 ? this.#options.guess : plain)
  }

  become(dialect: Dialect): void {
    this.dialect = dialect
  }

  /** Counts an event with content of choice 0 that does not have to be read. */
  addUnread(): void {
    this.contentEvents++
    this.state.hasUnread = true
  }

  /** Reads an event with data; one without a name has the name `''`. */
  read(event: string, data: string, json: unknown = jsonOf(data)): void {
    this.isUsageAlone = false
    // Some gateways send comments as data: `data: : keepalive`.
    if (json === undefined && data.startsWith(':')) return
    const dialect = this.dialect ?? this.#recognized(event, json, data)
    if (dialect === undefined || dialect === plain) return
    const facts = this.#factsOf(dialect, event, json, data)
    if (facts === undefined) {
      this.dialect = plain
      return
    }
    this.state.add(facts)
    this.isUsageAlone = facts.usage !== undefined && facts.seen?.length === 0
    if (facts.isContent === true) this.contentEvents++
  }

  #recognized(event: string, json: unknown, data: string): Dialect | undefined {
    if (event === PING || objectOf(json)['type'] === PING) return
    const { guess, dialects } = this.#options
    const isOf = (one: Dialect): boolean => one !== plain && one.recognizes(event, json)
    if (isOf(guess)) {
      this.dialect = guess
      return guess
    }
    // An error or `[DONE]` alone tells less of the dialect than the request does.
    const { isEnd, upstreamErrorType } = guess.read(event, json, data)
    const isMark = isEnd === true || upstreamErrorType !== undefined
    this.dialect = isMark ? guess : dialects.find(isOf)
    if (event === 'error' && guess !== plain) this.dialect ??= guess
    if (this.dialect === undefined && ++this.#unknown >= MAX_UNKNOWN) this.dialect = plain
    return this.dialect
  }

  /** What an event states; `undefined` where it is no JSON, or the stream has changed to another dialect. */
  #factsOf(dialect: Dialect, event: string, json: unknown, data: string): EventFacts | undefined {
    const facts = dialect.read(event, json, data)
    if (facts.isEnd === true || facts.upstreamErrorType !== undefined) return facts
    if (dialect.recognizes(event, json)) return facts
    const all = [...this.#options.dialects, ...DIALECTS]
    const isOf = (one: Dialect): boolean =>
      one.format === dialect.format && one.recognizes(event, json)
    const other = json === undefined ? undefined : all.find(isOf)
    // Gateways send errors of their own form in the streams of any API.
    const { upstreamErrorType } = other?.read(event, json, data) ?? {}
    if (upstreamErrorType !== undefined) return { upstreamErrorType }
    if (event === 'error') {
      const { code, type } = objectOf(json)
      return { upstreamErrorType: nameOf(code, type, 'error') }
    }
    const isReadable = json !== undefined || data.trim() === DONE
    return other === undefined && isReadable ? facts : undefined
  }
}
