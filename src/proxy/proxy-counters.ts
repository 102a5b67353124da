import type { Verdict } from '../base/verdict.ts'
import type { MetricsSink } from './metrics-sink.ts'
import type { StreamSummary } from './stream-summary.ts'

/** Figures of one proxy since it was created. */
export interface ProxyMetrics {
  /** Running requests. */
  readonly active: number
  /** Requests received. */
  readonly started: number
  /** Ended requests by verdict. */
  readonly ended: Readonly<Record<Verdict, number>>
  readonly events: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly heartbeats: number
}

/** Adds up the figures of one proxy's exchanges. */
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
