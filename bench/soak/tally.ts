import type { MetricsSink } from '../../src/proxy/metrics-sink.ts'
import type { StreamSummary } from '../../src/proxy/stream-summary.ts'
import type { StreamSides } from './judge-stream.ts'
import type { StreamPlan } from './stream-plan.ts'

/** How many breaches are listed in full. */
const TOLD = 20

/** Sums the results of the streams. */
export class Tally implements MetricsSink {
  streams = 0
  started = 0
  ended = 0
  bytes = 0
  events = 0
  heartbeats = 0
  attempts = 0
  pauses = 0
  breached = 0
  /** Streams that had no summary, or more than one. */
  wronglySummed = 0
  readonly breaches: string[] = []
  readonly byVerdict: Map<string, number> = new Map()
  readonly byRoute: Map<string, number> = new Map()
  readonly byScenario: Map<string, number> = new Map()

  streamStarted(): void {
    this.started++
  }

  streamEnded(summary: StreamSummary): void {
    this.ended++
    this.events += summary.events
    this.heartbeats += summary.heartbeats
    this.attempts += summary.attempts
    this.pauses += summary.pauses.count
    count(this.byVerdict, summary.verdict)
  }

  add(plan: StreamPlan, sides: StreamSides | 'hung', breaches: readonly string[]): void {
    this.streams++
    count(this.byRoute, plan.route)
    count(this.byScenario, plan.scenario)
    if (sides !== 'hung') this.bytes += sides.client.body.length
    if (sides === 'hung' || sides.summaries.length !== 1) this.wronglySummed++
    if (breaches.length === 0) return
    if (this.breached++ >= TOLD) return
    const failures = plan.failures.length > 0 ? ` after ${plan.failures.join(', ')}` : ''
    this.breaches.push(
      `stream ${plan.id} (${plan.route}, ${plan.scenario}${failures}): ${breaches.join('; ')}`,
    )
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
