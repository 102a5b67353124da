import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { StreamSummary } from './stream-summary.ts'

/** Where proxies report to: a registry, or anything else with these methods. */
export interface MetricsSink {
  /** A request has come in. */
  streamStarted(): void
  /** It is over. Exactly once for each that started. */
  streamEnded(summary: StreamSummary, gaps: GapDistribution): void
  /** The proxy is closing: it takes no new requests. Called once, before its running streams end. */
  draining?(): void
}
