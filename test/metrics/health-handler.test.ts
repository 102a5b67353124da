import { healthHandler, StreamRegistry, type StreamSummary } from 'sse-stream-kit/metrics'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { detailsOf, summaryOf } from '../support/summary-of.ts'

const URL = 'http://localhost/health'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

function end(registry: StreamRegistry, given: Partial<StreamSummary>, times = 1): void {
  for (let index = 0; index < times; index++) {
    registry.streamStarted()
    registry.streamEnded(summaryOf(given), detailsOf())
  }
}

describe('healthHandler', () => {
  it('reports the state of the server as JSON, never cached', async () => {
    const registry = new StreamRegistry()
    registry.streamStarted()
    registry.sink('chat').streamStarted()
    end(registry, {}, 3)
    end(registry, { verdict: 'upstream_error', status: 502 })
    vi.advanceTimersByTime(12_345)
    const response = healthHandler(registry)(new Request(URL))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toEqual({
      status: 'ok',
      activeStreams: 2,
      endedLastMinute: 4,
      errorRate: 0.25,
      uptimeSeconds: 12.345,
    })
  })

  it('returns 503 while draining, and 200 again afterwards', async () => {
    const registry = new StreamRegistry()
    const health = healthHandler(registry)
    registry.setDraining(true)
    expect(registry.isDraining).toBe(true)
    const response = health(new Request(URL))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ status: 'draining' })
    expect(health(new Request(URL, { method: 'HEAD' })).status).toBe(503)
    registry.setDraining(false)
    expect(health(new Request(URL)).status).toBe(200)
  })

  it('stays at 200 when every stream fails', () => {
    const registry = new StreamRegistry()
    end(registry, { verdict: 'upstream_error', status: 502 }, 5)
    expect(registry.health().errorRate).toBe(1)
    expect(healthHandler(registry)(new Request(URL)).status).toBe(200)
  })

  it('responds to HEAD without a body and to other methods with 405', () => {
    const health = healthHandler(new StreamRegistry())
    const head = health(new Request(URL, { method: 'HEAD' }))
    expect([head.status, head.body]).toEqual([200, null])
    const post = health(new Request(URL, { method: 'POST' }))
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect(post.headers.get('cache-control')).toBe('no-store')
  })

  it('has one parameter, because hosts pass a second one', () => {
    expect(healthHandler(new StreamRegistry())).toHaveLength(1)
  })
})

describe('the error rate', () => {
  it('is 0 when no stream ended', () => {
    expect(new StreamRegistry().health()).toMatchObject({ endedLastMinute: 0, errorRate: 0 })
  })

  it.each([
    ['complete', 200, 0],
    ['complete', 404, 0],
    ['complete', 429, 0],
    ['complete', 500, 1],
    ['client_gone', 200, 0],
    ['client_gone', 499, 0],
    ['truncated', 200, 1],
    ['upstream_error', 200, 1],
    ['upstream_error', 502, 1],
    ['timeout', 200, 1],
    ['timeout', 504, 1],
    ['too_large', 200, 1],
    ['error', 200, 1],
    ['error', 400, 0],
    ['error', 500, 1],
  ] as const)('takes %s with status %i as %i', (verdict, status, errorRate) => {
    const registry = new StreamRegistry()
    end(registry, { verdict, status })
    expect(registry.health().errorRate).toBe(errorRate)
  })

  it('counts the streams of every route, also beyond maxRoutes', () => {
    const registry = new StreamRegistry({ maxRoutes: 1 })
    end(registry, {})
    for (const route of ['chat', 'search']) {
      registry.sink(route).streamStarted()
      registry.sink(route).streamStarted()
      registry.sink(route).streamEnded(summaryOf({ verdict: 'timeout', status: 504 }), detailsOf())
    }
    expect(registry.health()).toMatchObject({
      activeStreams: 2,
      endedLastMinute: 3,
      errorRate: 2 / 3,
    })
  })

  it('drops a stream a minute after its end', () => {
    const registry = new StreamRegistry()
    end(registry, { verdict: 'timeout', status: 504 })
    vi.advanceTimersByTime(59_000)
    end(registry, {})
    expect(registry.health()).toMatchObject({ endedLastMinute: 2, errorRate: 0.5 })
    vi.advanceTimersByTime(1000)
    expect(registry.health()).toMatchObject({ endedLastMinute: 1, errorRate: 0 })
    vi.advanceTimersByTime(59_000)
    expect(registry.health()).toMatchObject({ endedLastMinute: 0, errorRate: 0 })
  })

  it('slides over hours of streams', () => {
    const registry = new StreamRegistry()
    for (let second = 0; second < 7200; second++) {
      end(registry, second % 4 === 0 ? { verdict: 'truncated' } : {})
      vi.advanceTimersByTime(1000)
    }
    expect(registry.health()).toMatchObject({ endedLastMinute: 59, activeStreams: 0 })
    expect(registry.health().errorRate).toBeCloseTo(14 / 59)
  })

  it('restarts after a quiet hour, in any slot', () => {
    const registry = new StreamRegistry()
    end(registry, { verdict: 'error' }, 10)
    vi.advanceTimersByTime(3_600_000)
    end(registry, {})
    expect(registry.health()).toMatchObject({ endedLastMinute: 1, errorRate: 0 })
  })
})
