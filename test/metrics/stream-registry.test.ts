import { type MetricsSink, StreamRegistry, type Verdict } from 'sse-stream-kit/metrics'
import { describe, expect, it } from 'vitest'
import { GapHistogram } from '../../src/transforms/gap-histogram.ts'
import { refusal } from '../support/refusal.ts'
import { detailsOf, gapsOf, summaryOf } from '../support/summary-of.ts'
import { samplesOf } from './samples.ts'

const VERDICTS: Verdict[] = [
  'complete',
  'truncated',
  'client_gone',
  'upstream_error',
  'timeout',
  'too_large',
  'error',
]

function run(sink: MetricsSink, given: Parameters<typeof summaryOf>[0] = {}, gaps = gapsOf()) {
  sink.streamStarted()
  sink.streamEnded(summaryOf(given), detailsOf({ gaps }))
}

describe('what is counted', () => {
  it('shows the number of active streams', () => {
    const registry = new StreamRegistry()
    registry.streamStarted()
    registry.streamStarted()
    registry.streamEnded(summaryOf(), detailsOf())
    expect(samplesOf(registry).get('sse_streams_active')).toBe(1)
  })

  it.each(VERDICTS)(
    'counts streams with the verdict %s by the class of their status',
    (verdict) => {
      const registry = new StreamRegistry()
      for (const status of [101, 200, 204, 304, 404, 499, 502]) run(registry, { verdict, status })
      const samples = samplesOf(registry)
      const count = (statusClass: string) =>
        samples.get(`sse_streams_total{verdict="${verdict}",status_class="${statusClass}"}`)
      expect(['1xx', '2xx', '3xx', '4xx', '5xx'].map(count)).toEqual([1, 2, 1, 2, 1])
    },
  )

  it.each([0, 99, 600, -200, Number.NaN, Number.POSITIVE_INFINITY])(
    'counts the status %s, which is none, as other',
    (status) => {
      const registry = new StreamRegistry()
      run(registry, { status })
      expect(
        samplesOf(registry).get('sse_streams_total{verdict="complete",status_class="other"}'),
      ).toBe(1)
    },
  )

  it('shows the usual verdicts at zero before the first stream, so that rate() sees the first one', () => {
    const samples = samplesOf(new StreamRegistry())
    for (const verdict of VERDICTS) {
      for (const statusClass of ['2xx', '4xx', '5xx']) {
        const series = `sse_streams_total{verdict="${verdict}",status_class="${statusClass}"}`
        expect(samples.get(series), series).toBe(0)
      }
    }
  })

  it('sums events, bytes, heartbeats and pauses', () => {
    const registry = new StreamRegistry()
    run(registry, { pauses: { count: 2, totalMs: 1500 } })
    run(registry, { events: 5, bytesIn: 7, bytesOut: 9, heartbeats: 3 })
    run(registry, { pauses: { count: 1, totalMs: 250 } })
    expect(Object.fromEntries(samplesOf(registry))).toMatchObject({
      sse_events_total: 25,
      sse_received_bytes_total: 2007,
      sse_sent_bytes_total: 2035,
      sse_heartbeats_total: 5,
      sse_backpressure_pauses_total: 3,
      sse_backpressure_pause_seconds_total: 1.75,
    })
  })

  it('has histograms of time to first event, gaps and duration, in seconds', () => {
    const registry = new StreamRegistry()
    run(registry, { firstEventMs: 640, durationMs: 90_000 }, gapsOf([10, 3], [11, 2], [1000, 1]))
    const samples = samplesOf(registry)
    const bucket = (name: string, le: string) =>
      samples.get(`sse_${name}_seconds_bucket{le="${le}"}`)

    expect(
      ['0.32', '0.64', '81.92', '+Inf'].map((le) => bucket('time_to_first_event', le)),
    ).toEqual([0, 1, 1, 1])
    expect(['40.96', '81.92', '+Inf'].map((le) => bucket('stream_duration', le))).toEqual([0, 0, 1])
    expect(['0.01', '0.02', '0.64', '1.28', '+Inf'].map((le) => bucket('event_gap', le))).toEqual([
      3, 5, 5, 6, 6,
    ])
    expect(samples.get('sse_time_to_first_event_seconds_sum')).toBe(0.64)
    expect(samples.get('sse_stream_duration_seconds_sum')).toBe(90)
    expect(samples.get('sse_event_gap_seconds_sum')).toBeCloseTo(1.052)
    expect(samples.get('sse_event_gap_seconds_count')).toBe(6)
  })

  it("counts the gaps that a stream's tap reports", () => {
    const registry = new StreamRegistry()
    const gaps = new GapHistogram()
    for (let index = 0; index < 1000; index++) gaps.add(20)
    gaps.add(5000)
    registry.streamStarted()
    registry.streamEnded(summaryOf(), detailsOf({ gaps }))
    const samples = samplesOf(registry)
    expect(samples.get('sse_event_gap_seconds_bucket{le="0.04"}')).toBe(1000)
    expect(samples.get('sse_event_gap_seconds_count')).toBe(1001)
    expect((samples.get('sse_event_gap_seconds_sum') ?? 0) / 25).toBeCloseTo(1, 1)
  })

  it('excludes a stream without an event from the time to first event', () => {
    const registry = new StreamRegistry()
    const { firstEventMs: _, ...withoutEvent } = summaryOf({ events: 0 })
    registry.streamStarted()
    registry.streamEnded(withoutEvent, detailsOf())
    const samples = samplesOf(registry)
    expect(samples.get('sse_time_to_first_event_seconds_count')).toBe(0)
    expect(samples.get('sse_stream_duration_seconds_count')).toBe(1)
  })

  it('excludes responses that are not event streams from the histograms', () => {
    const registry = new StreamRegistry()
    run(registry, { isSse: false, status: 429, firstEventMs: 1 }, gapsOf([10, 1]))
    const samples = samplesOf(registry)
    expect(samples.get('sse_streams_total{verdict="complete",status_class="4xx"}')).toBe(1)
    expect(samples.get('sse_stream_duration_seconds_count')).toBe(0)
    expect(samples.get('sse_time_to_first_event_seconds_count')).toBe(0)
    expect(samples.get('sse_event_gap_seconds_count')).toBe(0)
  })
})

describe('routes', () => {
  it('counts each route separately', () => {
    const registry = new StreamRegistry()
    run(registry.sink('chat'))
    run(registry.sink('chat'))
    run(registry.sink('search'))
    const samples = samplesOf(registry)
    expect(samples.get('sse_events_total{route="chat"}')).toBe(20)
    expect(samples.get('sse_events_total{route="search"}')).toBe(10)
    expect(
      samples.get('sse_streams_total{route="chat",verdict="complete",status_class="2xx"}'),
    ).toBe(2)
    expect(samples.get('sse_stream_duration_seconds_bucket{route="search",le="+Inf"}')).toBe(1)
  })

  it('returns the same sink for the same name', () => {
    const registry = new StreamRegistry()
    expect(registry.sink('chat')).toBe(registry.sink('chat'))
  })

  it('shows streams without a route next to routes only if there are any', () => {
    const registry = new StreamRegistry()
    run(registry.sink('chat'))
    expect(samplesOf(registry).has('sse_streams_active')).toBe(false)
    registry.streamStarted()
    expect(samplesOf(registry).get('sse_streams_active')).toBe(1)
  })

  it('counts 10,000 random names in a constant number of series', () => {
    const registry = new StreamRegistry({ maxRoutes: 5 })
    for (let index = 0; index < 6; index++) run(registry.sink(`/users/${index}`))
    const before = samplesOf(registry)
    for (let index = 0; index < 10_000; index++) {
      run(registry.sink(`/chat/${Math.random().toString(36).slice(2)}`))
    }
    const after = samplesOf(registry)
    expect([...after.keys()]).toEqual([...before.keys()])
    expect(after.get('sse_events_total{route="other"}')).toBe(100_010)
    expect(after.get('sse_events_total{route="/users/4"}')).toBe(10)
  })

  it('keeps 50 names by default', () => {
    const registry = new StreamRegistry()
    for (let index = 0; index < 60; index++) run(registry.sink(`route ${index}`))
    const routes = [...samplesOf(registry).keys()].filter((key) => key.startsWith('sse_events_'))
    expect(routes).toHaveLength(51)
    expect(routes).toContain('sse_events_total{route="route 49"}')
    expect(routes).not.toContain('sse_events_total{route="route 50"}')
  })

  it('counts 10,000 random verdicts and statuses in a constant number of series', () => {
    const registry = new StreamRegistry()
    const random = (): Verdict => Math.random().toString(36).slice(2) as Verdict
    for (const status of [100, 200, 300, 400, 500, 600])
      run(registry, { verdict: random(), status })
    for (const verdict of ['constructor', '__proto__', ''] as string[] as Verdict[]) {
      run(registry, { verdict })
    }
    const before = samplesOf(registry).size
    for (let index = 0; index < 10_000; index++) {
      run(registry, { verdict: random(), status: Math.floor(Math.random() * 10_000) })
    }
    const samples = samplesOf(registry)
    expect(samples.size).toBe(before)
    let others = 0
    for (const [series, value] of samples) if (series.includes('verdict="other"')) others += value
    expect(others).toBe(10_009)
  })

  it('shares the name other with a route of that name', () => {
    const registry = new StreamRegistry({ maxRoutes: 1 })
    for (const name of ['other', 'chat', 'search']) run(registry.sink(name))
    const samples = samplesOf(registry)
    expect(samples.get('sse_events_total{route="other"}')).toBe(20)
    expect(samples.get('sse_events_total{route="chat"}')).toBe(10)
  })

  it('has one series for names that are equal in UTF-8', () => {
    const registry = new StreamRegistry()
    for (const name of ['\ud800', '\udbff', '\ufffd', '\ufeff\ufffd']) run(registry.sink(name))
    const samples = samplesOf(registry)
    expect(samples.get('sse_events_total{route="\ufffd"}')).toBe(30)
    expect(samples.get('sse_events_total{route="\ufeff\ufffd"}')).toBe(10)
  })

  it('rejects a name that is empty, missing or too long', () => {
    const registry = new StreamRegistry()
    expect(() => registry.sink('')).toThrow(refusal(TypeError, 'route'))
    expect(() => registry.sink(undefined as unknown as string)).toThrow(/got undefined/)
    expect(() => registry.sink('x'.repeat(101))).toThrow(refusal(RangeError, 'route'))
    expect(() => registry.sink('x'.repeat(100))).not.toThrow()
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses room for %s names',
    (maxRoutes) => {
      expect(() => new StreamRegistry({ maxRoutes })).toThrow(/maxRoutes/)
    },
  )
})
