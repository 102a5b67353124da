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
  #seen: Set<number> | undefined
  #finished: Set<number> | undefined

  /** How the answer would end now. */
  get end(): AnswerEnd {
    if (this.upstreamErrorType !== undefined) return 'upstream_error'
    return this.isOver || this.#isFinished ? 'complete' : 'truncated'
  }

  get #isFinished(): boolean {
    const finished = this.#finished
    if (finished === undefined || finished.size < (this.#seen?.size ?? 0)) return false
    return !this.hasUnread || finished.has(0)
  }

  add({ model, finishReason, usage, upstreamErrorType, seen, finished, isEnd }: EventFacts): void {
    this.model = model ?? this.model
    this.finishReason = finishReason ?? this.finishReason
    if (usage !== undefined) this.usage = { ...this.usage, ...usage }
    // The first: what follows an error tells less of it.
    this.upstreamErrorType ??= upstreamErrorType
    this.#seen = united(this.#seen, seen)
    this.#finished = united(this.#finished, finished)
    this.isOver ||= isEnd === true
  }
}

/** Adds choices to a set, which exists from the first one on. */
function united(
  set: Set<number> | undefined,
  choices: readonly number[] | undefined,
): Set<number> | undefined {
  if (choices === undefined || choices.length === 0) return set
  const all = set ?? new Set()
  for (const choice of choices) all.add(choice)
  return all
}
