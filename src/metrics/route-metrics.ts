import type { LlmSummary } from '../llm/llm-summary.ts'
import type { MetricsSink, StreamDetails } from '../proxy/metrics-sink.ts'
import type { StreamSummary } from '../proxy/stream-summary.ts'
import { DialectMetrics } from './dialect-metrics.ts'
import type { FailureWindow } from './failure-window.ts'
import { BOUNDS_SECONDS, Histogram } from './histogram.ts'
import type { LlmLabels } from './llm-labels.ts'
import type { MetricLabels } from './metric-family.ts'
import { StreamCounts } from './stream-counts.ts'
import { TimeoutCounts } from './timeout-counts.ts'

/** What the routes of one registry share. */
export interface SharedMetrics {
  readonly failures: FailureWindow
  readonly llmLabels: LlmLabels
  readonly onDraining: () => void
}

/** Figures of one route. Updated only when a stream starts and when it ends. */
export class RouteMetrics implements MetricsSink {
  readonly labels: MetricLabels
  readonly ended: StreamCounts = new StreamCounts()
  readonly timeouts: TimeoutCounts = new TimeoutCounts()
  readonly durationSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly firstEventSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly gapSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  /** By dialect. */
  readonly llm: Map<string, DialectMetrics> = new Map()
  used = false
  active = 0
  events = 0
  bytesIn = 0
  bytesOut = 0
  heartbeats = 0
  pauses = 0
  pausedSeconds = 0
  readonly #shared: SharedMetrics

  constructor(labels: MetricLabels, shared: SharedMetrics) {
    this.labels = labels
    this.#shared = shared
  }

  draining(): void {
    this.#shared.onDraining()
  }

  streamStarted(): void {
    this.used = true
    this.active++
  }

  streamEnded(summary: StreamSummary, details: StreamDetails): void {
    this.active--
    this.ended.add(summary.verdict, summary.status)
    this.timeouts.add(summary)
    this.#shared.failures.add(isFailure(summary))
    this.events += summary.events
    this.bytesIn += summary.bytesIn
    this.bytesOut += summary.bytesOut
    this.heartbeats += summary.heartbeats
    this.pauses += summary.pauses.count
    this.pausedSeconds += summary.pauses.totalMs / 1000
    const { llm } = summary
    if (llm !== undefined && llm.dialect !== 'plain') this.#addLlm(llm, details)
    // A burst of quick 429 responses would make the streams look short.
    if (!summary.isSse) return
    this.durationSeconds.add(summary.durationMs / 1000)
    if (summary.firstEventMs !== undefined) this.firstEventSeconds.add(summary.firstEventMs / 1000)
    details.gaps.forEach((gapMs, count) => {
      this.gapSeconds.add(gapMs / 1000, count)
    })
  }

  #addLlm(llm: LlmSummary, details: StreamDetails): void {
    const { llmLabels } = this.#shared
    const dialect = llmLabels.dialects.of(llm.dialect)
    let figures = this.llm.get(dialect)
    if (figures === undefined) {
      figures = new DialectMetrics(llmLabels)
      this.llm.set(dialect, figures)
    }
    figures.add(llm, details)
  }
}

/** Whether the service failed. A client that leaves or sends a bad request does not count. */
function isFailure({ verdict, status }: StreamSummary): boolean {
  if (status >= 400) return status >= 500
  return verdict !== 'complete' && verdict !== 'client_gone'
}
