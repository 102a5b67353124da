import type { EventFacts } from './dialect.ts'
import type { LlmUsage } from './llm-usage.ts'

/** How an answer ended, or would have if its stream ended now. */
export type AnswerEnd = 'complete' | 'truncated' | 'upstream_error'

/**
 * What the events of one answer have stated so far.
 *
 * Holds one entry a choice.
 */
export class AnswerState {
  model: string | undefined
  finishReason: string | undefined
  usage: LlmUsage | undefined
  upstreamErrorType: string | undefined
  /** Whether the terminal mark has come. */
  isOver = false
  /** Whether an event of content came that was not read: of choice 0, as those of others are read. */
  hasUnread = false
  readonly #seen = new Set<number>()
  readonly #finished = new Set<number>()

  /** How the answer would end now. */
  get end(): AnswerEnd {
    if (this.upstreamErrorType !== undefined) return 'upstream_error'
    return this.isOver || this.#isFinished ? 'complete' : 'truncated'
  }

  get #isFinished(): boolean {
    const finished = this.#finished
    if (finished.size === 0 || finished.size < this.#seen.size) return false
    return !this.hasUnread || finished.has(0)
  }

  add({ model, finishReason, usage, upstreamErrorType, seen, finished, isEnd }: EventFacts): void {
    this.model = model ?? this.model
    this.finishReason = finishReason ?? this.finishReason
    if (usage !== undefined) this.usage = { ...this.usage, ...usage }
    // The first: what follows an error tells less of it.
    this.upstreamErrorType ??= upstreamErrorType
    for (const choice of seen ?? []) this.#seen.add(choice)
    for (const choice of finished ?? []) this.#finished.add(choice)
    this.isOver ||= isEnd === true
  }
}
