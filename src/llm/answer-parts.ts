import { checkFunction } from '../base/check-function.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import { shown } from '../base/shown.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import type { DecodedSseEvent } from '../wire/sse-event.ts'
import { AnswerReader } from './answer-reader.ts'
import type { Dialect } from './dialect.ts'
import { jsonOf } from './json-shape.ts'
import type { LlmEvent } from './llm-event.ts'

/** How the end of an answer is judged. */
export interface LlmEventsOptions {
  /**
   * What becomes of a stream that ends without the terminal mark of its API: `signal` fails it with `SSE_TRUNCATED`,
   * `pass` ends it cleanly. @default 'signal'
   */
  truncation?: 'signal' | 'pass' | undefined
}

const OPTIONS: OptionNames<LlmEventsOptions> = { truncation: true }

/** Takes the events of one answer apart, and keeps account of how it ends. */
export class AnswerParts {
  readonly #dialect: Dialect
  readonly #reader: AnswerReader
  readonly #truncation: 'signal' | 'pass'

  /** @throws TypeError for what is no dialect, and for wrong options */
  constructor(dialect: Dialect, options: LlmEventsOptions | undefined) {
    checkFunction('dialect.parts', dialect?.parts ?? null)
    checkOptions('options', options, OPTIONS)
    const { truncation = 'signal' } = options ?? {}
    if (truncation !== 'signal' && truncation !== 'pass') {
      throw new TypeError(`truncation must be 'signal' or 'pass': got ${shown(truncation)}`)
    }
    this.#dialect = dialect
    this.#truncation = truncation
    this.#reader = new AnswerReader({ dialects: [dialect], guess: dialect, isGiven: true })
  }

  of({ event = '', data }: DecodedSseEvent): readonly LlmEvent[] {
    const { state } = this.#reader
    const before = state.upstreamErrorType
    const json = jsonOf(data)
    this.#reader.read(event, data, json)
    const parts = this.#dialect.parts(event, json, data)
    const errorType = state.upstreamErrorType
    const isNewError = errorType !== undefined && before === undefined
    if (!isNewError || parts.some(({ type }) => type === 'error')) return parts
    // In the form of another API, or of none.
    return [...parts, { type: 'error', errorType, message: data }]
  }

  /** @throws SseKitError with `SSE_TRUNCATED` for an answer that has not come to its end */
  end(): void {
    const { likely, state } = this.#reader
    if (this.#truncation === 'pass' || likely !== this.#dialect || state.end !== 'truncated') return
    throw new SseKitError(
      'SSE_TRUNCATED',
      `The answer ended without the terminal mark of ${this.#dialect.name}. With truncation: 'pass' it ends cleanly`,
    )
  }
}
