import type { Verdict } from '../base/verdict.ts'
import type { MetricsSink } from './metrics-sink.ts'
import type { StreamSummary } from './stream-summary.ts'

/** Figures of one proxy since it was made. */
export interface ProxyMetrics {
  /** Requests that are running now. */
  readonly active: number
  /** Requests that have come in. */
  readonly started: number
  /** Requests that are over, by how they ended. */
  readonly ended: Readonly<Record<Verdict, number>>
  readonly events: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heartbeats: number
}

/** Adds up what the exchanges of one proxy report. */
export class ProxyCounters implements MetricsSink, ProxyMetrics {
  active = 0
  started = 0
  events = 0
  bytesIn = 0
  bytesOut = 0
  heartbeats = 0
  readonly ended: Record<Verdict, number> = {
    complete: 0,
    truncated: 0,
    client_gone: 0,
    upstream_error: 0,
    timeout: 0,
    too_large: 0,
    error: 0,
  }

  streamStarted(): void {
    this.active++
    this.started++
  }

  streamEnded(summary: StreamSummary): void {
    this.active--
    this.ended[summary.verdict]++
    this.events += summary.events
    this.bytesIn += summary.bytesIn
    this.bytesOut += summary.bytesOut
    this.heartbeats += summary.heartbeats
  }
}
