import type { GapDistribution, StreamDetails, StreamSummary } from 'sse-stream-kit/metrics'

/** Returns the summary of a complete stream without special events, with the given changes. */
export function summaryOf(given: Partial<StreamSummary> = {}): StreamSummary {
  return {
    verdict: 'complete',
    status: 200,
    upstreamStatus: 200,
    upstream: 0,
    attempts: 1,
    isSse: true,
    durationMs: 2000,
    firstItemMs: 300,
    firstEventMs: 300,
    events: 10,
    bytesIn: 1000,
    bytesOut: 1013,
    heartbeats: 1,
    pauses: { count: 0, totalMs: 0 },
    ...given,
  }
}

/** Returns the gaps of a stream, given as `[milliseconds, count]`. */
export function gapsOf(...gaps: [gapMs: number, count: number][]): GapDistribution {
  return {
    forEach(callback) {
      for (const [gapMs, count] of gaps) callback(gapMs, count)
    },
  }
}

/** What a proxy reports besides the summary, of a stream without content but for the given. */
export function detailsOf(given: Partial<StreamDetails> = {}): StreamDetails {
  return {
    gaps: gapsOf(),
    contentGaps: gapsOf(),
    contentMs: 0,
    requestDialect: 'plain',
    ...given,
  }
}
