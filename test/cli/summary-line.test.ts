import { expect, it } from 'vitest'
import { summaryLine } from '../../src/cli/summary-line.ts'
import { summaryOf } from '../metrics/summary-of.ts'

const AT = new Date(Date.UTC(2030, 0, 2, 3, 4, 5, 6))

it('is one line of pairs, without what is not known', () => {
  const line = summaryLine(
    summaryOf({
      verdict: 'timeout',
      code: 'SSE_UPSTREAM_TIMEOUT',
      phase: 'idle',
      status: 200,
      isSse: true,
      durationMs: 1234.56,
      headersMs: 10.4,
      firstEventMs: 99.5,
      events: 7,
      gaps: { p50Ms: 1, p95Ms: 2, maxMs: 3.2 },
      pauses: { count: 4, totalMs: 5 },
      bytesIn: 100,
      bytesOut: 116,
      heartbeats: 1,
    }),
    AT,
  )
  expect(line).toBe(
    'time=2030-01-02T03:04:05.006Z verdict=timeout code=SSE_UPSTREAM_TIMEOUT phase=idle status=200 ' +
      'kind=stream headers_ms=10 first_event_ms=100 total_ms=1235 max_gap_ms=3 events=7 heartbeats=1 ' +
      'bytes_in=100 bytes_out=116 pauses=4',
  )
})

it('is as short as what happened', () => {
  const { firstEventMs, ...rest } = summaryOf({ verdict: 'error', status: 400, isSse: false })
  expect(summaryLine(rest, AT)).toBe(
    'time=2030-01-02T03:04:05.006Z verdict=error status=400 kind=plain total_ms=2000 events=10 heartbeats=1 bytes_in=1000 bytes_out=1013 pauses=0',
  )
})
