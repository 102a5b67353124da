import { sseProxy } from 'sse-stream-kit'
import { healthHandler, StreamRegistry } from 'sse-stream-kit/metrics'
import { expect, it } from 'vitest'
import { samplesOf } from './samples.ts'

const EVENTS = 'data: 1\n\n: no event\n\ndata: 2\n\n'

function eventStream(body: BodyInit): Response {
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

const request = (): Request => new Request('http://localhost/v1/chat', { method: 'POST' })

it('aggregates the reports of several proxies by route', async () => {
  const registry = new StreamRegistry()
  const chat = sseProxy('http://upstream.test', {
    metrics: registry.sink('chat'),
    fetch: async () => eventStream(EVENTS),
  })
  const search = sseProxy('http://upstream.test', {
    metrics: registry.sink('search'),
    fetch: async () => Promise.reject(new TypeError('refused')),
  })
  for (let index = 0; index < 3; index++) expect(await (await chat(request())).text()).toBe(EVENTS)
  expect((await search(request())).status).toBe(502)

  const samples = samplesOf(registry)
  expect(Object.fromEntries(samples)).toMatchObject({
    'sse_streams_active{route="chat"}': 0,
    'sse_streams_active{route="search"}': 0,
    'sse_streams_total{route="chat",verdict="complete",status_class="2xx"}': 3,
    'sse_streams_total{route="search",verdict="upstream_error",status_class="5xx"}': 1,
    'sse_events_total{route="chat"}': 6,
    'sse_received_bytes_total{route="chat"}': 3 * EVENTS.length,
    'sse_sent_bytes_total{route="chat"}': 3 * EVENTS.length,
    'sse_time_to_first_event_seconds_count{route="chat"}': 3,
    'sse_stream_duration_seconds_count{route="chat"}': 3,
    'sse_stream_duration_seconds_count{route="search"}': 0,
  })
  expect(registry.health()).toMatchObject({ activeStreams: 0, endedLastMinute: 4, errorRate: 0.25 })
  await Promise.all([chat.close(), search.close()])
})

it('shows a stream as active until its client leaves', async () => {
  const registry = new StreamRegistry()
  const proxy = sseProxy('http://upstream.test', {
    metrics: registry,
    fetch: async () => eventStream(new ReadableStream()),
  })
  const response = await proxy(request())
  const health = healthHandler(registry)
  const active = async () => {
    const report = await health(new Request('http://localhost/health')).json()
    return (report as { activeStreams: number }).activeStreams
  }
  expect(await active()).toBe(1)
  await response.body?.cancel()
  expect(await active()).toBe(0)
  expect(
    samplesOf(registry).get('sse_streams_total{verdict="client_gone",status_class="2xx"}'),
  ).toBe(1)
  await proxy.close()
})

it.each(['a route', 'the registry'])(
  'drains as soon as a proxy closes that reports to %s',
  async (to) => {
    const registry = new StreamRegistry()
    const proxy = sseProxy('http://upstream.test', {
      metrics: to === 'a route' ? registry.sink('chat') : registry,
      fetch: async () => eventStream(new ReadableStream()),
    })
    const response = await proxy(request())
    const closing = proxy.close()
    const report = await healthHandler(registry)(new Request('http://localhost/health'))
    expect(report.status).toBe(503)
    await response.body?.cancel()
    await closing
    expect(registry.isDraining).toBe(true)
  },
)
