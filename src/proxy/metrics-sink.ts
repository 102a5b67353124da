import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { StreamSummary } from './stream-summary.ts'

/** What a {@link MetricsSink} is given about a request, besides its summary. */
export interface StreamDetails {
  /** Waits between the chunks of the response. */
  gaps: GapDistribution
  /** Waits between the chunks with output of the model. */
  contentGaps: GapDistribution
  /** From the first chunk with output of the model to the last, in milliseconds; 0 with fewer than two. */
  contentMs: number
  /** Name of the dialect that the path of the request belongs to; `plain` for a path of no known API. */
  requestDialect: string
  /** Base URL of the upstream that served, or failed last; absent if none was selected. */
  upstreamUrl?: URL | undefined
}

/** Where proxies report to: a registry, or anything else with these methods. */
export interface MetricsSink {
  /** A request has come in. */
  streamStarted(): void
  /** It is over. Exactly once for each that started. */
  streamEnded(summary: StreamSummary, details: StreamDetails): void
  /** The proxy is closing: it takes no new requests. Called once, before its running streams end. */
  draining?(): void
}
