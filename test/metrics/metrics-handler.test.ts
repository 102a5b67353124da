import { metricsHandler, prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { describe, expect, it } from 'vitest'

const URL = 'http://localhost/metrics'

describe('metricsHandler', () => {
  it('responds to a scrape in the text format, version 0.0.4, never cached', async () => {
    const registry = new StreamRegistry()
    registry.sink('caf\u00e9').streamStarted()
    const response = metricsHandler(registry)(new Request(URL))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe(prometheusText(registry))
  })

  it('shows current values to each scrape', async () => {
    const registry = new StreamRegistry()
    const metrics = metricsHandler(registry)
    expect(await metrics(new Request(URL)).text()).toContain('\nsse_streams_active 0\n')
    registry.streamStarted()
    expect(await metrics(new Request(URL)).text()).toContain('\nsse_streams_active 1\n')
  })

  it('responds to HEAD with the same head and no body', async () => {
    const metrics = metricsHandler(new StreamRegistry())
    const response = metrics(new Request(URL, { method: 'HEAD' }))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.body).toBeNull()
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    const response = metricsHandler(new StreamRegistry())(new Request(URL, { method }))
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('')
  })

  it('has one parameter, because hosts pass a second one', () => {
    expect(metricsHandler(new StreamRegistry())).toHaveLength(1)
  })
})
