import type { MetricsSink, StreamDetails } from '../proxy/metrics-sink.ts'
import type { StreamSummary } from '../proxy/stream-summary.ts'
import type { FailureWindow } from './failure-window.ts'
import { Histogram } from './histogram.ts'
import type { MetricLabels } from './metric-family.ts'
import { StreamCounts } from './stream-counts.ts'
import { TimeoutCounts } from './timeout-counts.ts'

/** Bucket boundaries of OpenTelemetry's GenAI conventions, for durations, first chunks and gaps alike. */
const BOUNDS_SECONDS: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
]

/** Figures of one route. Updated only when a stream starts and when it ends. */
export class RouteMetrics implements MetricsSink {
  readonly labels: MetricLabels
  readonly ended: StreamCounts = new StreamCounts()
  readonly timeouts: TimeoutCounts = new TimeoutCounts()
  readonly durationSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly firstEventSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  readonly gapSeconds: Histogram = new Histogram(BOUNDS_SECONDS)
  used = false
  active = 0
  events = 0
  bytesIn = 0
  bytesOut = 0
  heartbeats = 0
  pauses = 0
  pausedSeconds = 0
  readonly #failures: FailureWindow
  readonly #onDraining: () => void

  constructor(labels: MetricLabels, failures: FailureWindow, onDraining: () => void) {
    this.labels = labels
    this.#failures = failures
    this.#onDraining = onDraining
  }

  draining(): void {
    this.#onDraining()
  }

  streamStarted(): void {
    this.used = true
    this.active++
  }

  streamEnded(summary: StreamSummary, details: StreamDetails): void {
    this.active--
    this.ended.add(summary.verdict, summary.status)
    this.timeouts.add(summary)
    this.#failures.add(isFailure(summary))
    this.events += summary.events
    this.bytesIn += summary.bytesIn
    this.bytesOut += summary.bytesOut
    this.heartbeats += summary.heartbeats
    this.pauses += summary.pauses.count
    this.pausedSeconds += summary.pauses.totalMs / 1000
    // A burst of quick 429 responses would make the streams look short.
    if (!summary.isSse) return
    this.durationSeconds.add(summary.durationMs / 1000)
    if (summary.firstEventMs !== undefined) this.firstEventSeconds.add(summary.firstEventMs / 1000)
    details.gaps.forEach((gapMs, count) => {
      this.gapSeconds.add(gapMs / 1000, count)
    })
  }
}

/** Whether the service failed. A client that leaves or sends a bad request does not count. */
function isFailure({ verdict, status }: StreamSummary): boolean {
  if (status >= 400) return status >= 500
  return verdict !== 'complete' && verdict !== 'client_gone'
}
