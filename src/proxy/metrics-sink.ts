import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { StreamSummary } from './stream-summary.ts'

/** Details of a request for a {@link MetricsSink}, in addition to its summary. */
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

/** Receives the figures of proxies: a registry, or any object with these methods. */
export interface MetricsSink {
  /** A request has arrived. */
  streamStarted(): void
  /** A request has ended. Called exactly once for each that started. */
  streamEnded(summary: StreamSummary, details: StreamDetails): void
  /** The proxy is closing and refuses new requests. Called once, before its running streams end. */
  draining?(): void
}
