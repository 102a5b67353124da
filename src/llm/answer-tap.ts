import { SseKitError } from '../base/sse-kit-error.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { AnswerReader, type AnswerReaderOptions } from './answer-reader.ts'
import type { AnswerEnd } from './answer-state.ts'
import type { Dialect } from './dialect.ts'
import type { LlmSummary } from './llm-summary.ts'
import { plain } from './plain.ts'

/** What an {@link AnswerTap} looks for. */
export interface AnswerTapOptions extends AnswerReaderOptions {
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  /** Returns when the chunk at hand arrived, on the same clock. */
  now: () => number
  /** Whether a stream that ends without the terminal mark of its answer fails. */
  failsTruncated: boolean
  /** Whether the event with the usage is left out: the client has not asked for it. @default false */
  hidesUsage?: boolean | undefined
  /** Called for each chunk with content in it, with the time. */
  onContent?: ((now: number) => void) | undefined
}

/** What the stages have in common that read an answer as it passes, whatever its format is. */
export abstract class AnswerTap implements Stage<Uint8Array, Uint8Array> {
  protected readonly reader: AnswerReader
  protected output!: StageOutput<Uint8Array>
  readonly #options: AnswerTapOptions
  #firstContentMs: number | undefined

  constructor(options: AnswerTapOptions) {
    this.#options = options
    this.reader = new AnswerReader(options)
  }

  /** Events with content so far. */
  get contentEvents(): number {
    return this.reader.contentEvents
  }

  /** How the answer would end now; `undefined` where no dialect says so. */
  get answerEnd(): AnswerEnd | undefined {
    return this.reader.likely === plain ? undefined : this.reader.state.end
  }

  /** Whether nothing of the answer is missing: its terminal mark has come, or every choice has finished. */
  get isOver(): boolean {
    const { isOver, end } = this.reader.state
    return this.reader.dialect !== plain && (isOver || end === 'complete')
  }

  /** The dialect, as far as it is known. */
  get dialect(): Dialect {
    return this.reader.dialect ?? this.#options.guess
  }

  summary(): LlmSummary {
    const { likely: dialect, state } = this.reader
    const { model, finishReason, usage, upstreamErrorType } = state
    if (dialect === plain) return { dialect: dialect.name, contentEvents: 0 }
    const summary: LlmSummary = { dialect: dialect.name, contentEvents: this.contentEvents }
    if (model !== undefined) summary.model = model
    if (finishReason !== undefined) summary.finishReason = finishReason
    if (usage !== undefined) summary.usage = usage
    if (this.#firstContentMs !== undefined) summary.firstContentMs = this.#firstContentMs
    if (upstreamErrorType !== undefined) summary.upstreamErrorType = upstreamErrorType
    return summary
  }

  /** Whether the dialect of the stream is known. */
  get isKnown(): boolean {
    const { dialect } = this.reader
    return dialect !== undefined && dialect !== plain
  }

  start(output: StageOutput<Uint8Array>): void {
    this.output = output
  }

  abstract push(chunk: Uint8Array): void

  /** @throws SseKitError with `SSE_TRUNCATED` for an answer that has not come to its end */
  end(): void {
    if (!this.#options.failsTruncated || this.answerEnd !== 'truncated') return
    throw new SseKitError(
      'SSE_TRUNCATED',
      `The stream of dialect ${this.dialect.name} ended without its terminal mark`,
    )
  }

  /** To be called once for each chunk that has content in it. */
  protected addContentTime(): void {
    const now = this.#options.now()
    this.#firstContentMs ??= now - this.#options.requestedAt
    this.#options.onContent?.(now)
  }
}
