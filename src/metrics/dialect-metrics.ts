import type { LlmSummary } from '../llm/llm-summary.ts'
import type { LlmUsage } from '../llm/llm-usage.ts'
import type { StreamDetails } from '../proxy/metrics-sink.ts'
import { BOUNDS_SECONDS, Histogram } from './histogram.ts'
import { isTokenCount } from './is-token-count.ts'
import type { LlmLabels } from './llm-labels.ts'

const TOKEN_KINDS: readonly (readonly [keyof LlmUsage, string])[] = [
  ['inputTokens', 'input'],
  ['outputTokens', 'output'],
  ['cachedInputTokens', 'cached_input'],
  ['cacheCreationInputTokens', 'cache_creation_input'],
  ['reasoningTokens', 'reasoning'],
]
const BOUNDS_PER_SECOND = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]

/** Figures of the LLM streams of one route in one dialect. Updated only when a stream ends. */
export class DialectMetrics {
  /** By model, then by kind. */
  readonly tokens: Map<string, Map<string, number>> = new Map()
  readonly finishReasons: Map<string, number> = new Map()
  readonly errorTypes: Map<string, number> = new Map()
  readonly firstContentSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly contentGapSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly tokensPerSecond: Histogram = new Histogram(BOUNDS_PER_SECOND)
  readonly #labels: LlmLabels

  constructor(labels: LlmLabels) {
    this.#labels = labels
  }

  add(llm: LlmSummary, { contentGaps, contentMs }: StreamDetails): void {
    const { model, finishReason, usage = {}, firstContentMs, upstreamErrorType } = llm
    const { finishReasons, errorTypes } = this.#labels
    this.#addTokens(model, usage)
    const reason = finishReason === undefined ? 'none' : finishReasons.of(finishReason)
    count(this.finishReasons, reason)
    if (upstreamErrorType !== undefined) count(this.errorTypes, errorTypes.of(upstreamErrorType))
    if (firstContentMs !== undefined) this.firstContentSeconds.add(firstContentMs / 1000)
    contentGaps.forEach((gapMs, times) => {
      this.contentGapSeconds.add(gapMs / 1000, times)
    })
    const { outputTokens } = usage
    if (isTokenCount(outputTokens) && outputTokens > 0 && contentMs > 0) {
      this.tokensPerSecond.add((outputTokens * 1000) / contentMs)
    }
  }

  #addTokens(model: string | undefined, usage: LlmUsage): void {
    for (const [name, kind] of TOKEN_KINDS) {
      const stated = usage[name]
      if (!isTokenCount(stated)) continue
      const label = model === undefined ? 'unknown' : this.#labels.models.of(model)
      let kinds = this.tokens.get(label)
      if (kinds === undefined) {
        kinds = new Map()
        this.tokens.set(label, kinds)
      }
      count(kinds, kind, stated)
    }
  }
}

function count(counts: Map<string, number>, label: string, by = 1): void {
  counts.set(label, (counts.get(label) ?? 0) + by)
}
