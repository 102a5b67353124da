import { type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { collect, fakeUpstream, gate, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { requestClosed } from '../support/http/request-closed.ts'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const ask = () => new Request('http://proxy.test/v1')

function drained(steps: readonly UpstreamStep[], options: ProxyOptions = {}) {
  const upstream = fakeUpstream(steps)
  const onEnd = vi.fn()
  const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, onEnd, ...options })
  return { upstream, proxy, onEnd }
}

describe('a proxy that shuts down', () => {
  it('refuses new requests, and counts them like any other', async () => {
    const registry = new StreamRegistry()
    const { proxy, onEnd, upstream } = drained([step.hang()], { metrics: registry.sink('chat') })
    await proxy.close()
    const response = await proxy(ask())
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_DRAINING' } })
    expect(upstream.requests).toHaveLength(0)
    expect(onEnd.mock.calls.map(([summary]) => summary)).toMatchObject([
      { verdict: 'error', code: 'SSE_DRAINING', status: 503, attempts: 0 },
    ])
    expect(proxy.metrics).toMatchObject({ active: 0, started: 1, ended: { error: 1 } })
    expect(prometheusText(registry)).toContain(
      'sse_streams_total{route="chat",verdict="error",status_class="5xx"} 1\n',
    )
  })

  it.each<[string, ProxyOptions]>([
    ['relayed', {}],
    ['transformed', { transform: ({ data }) => ({ data: `${data}!` }) }],
  ])('ends running streams at an event boundary when time is up, %s', async (_, options) => {
    const { proxy, upstream, onEnd } = drained(
      [step.send({ data: '1' }), step.raw('data: 2\n\ndata: hal'), step.hang()],
      { ...options, heartbeat: false },
    )
    const collecting = collect(await proxy(ask()))
    await settled()
    await proxy.close({ drainMs: 20 })
    const { verdict, text, events } = await collecting
    expect(verdict).toBe('error')
    expect(events).toHaveLength(2)
    expect(text).toMatch(/^data: 1!?\n\ndata: 2!?\n\n$/)
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(onEnd.mock.calls.map(([summary]) => summary)).toMatchObject([
      { verdict: 'error', code: 'SSE_DRAINING' },
    ])
  })

  it('lets them run to their end before that', async () => {
    const mayEnd = gate()
    const { proxy, onEnd } = drained([
      step.send({ data: '1' }),
      step.until(mayEnd.opened),
      step.send({ data: '2' }),
    ])
    const collecting = collect(await proxy(ask()))
    const closed = proxy.close({ drainMs: 60_000 })
    expect((await proxy(ask())).status).toBe(503)
    mayEnd.open()
    expect(await collecting).toMatchObject({ verdict: 'complete', text: 'data: 1\n\ndata: 2\n\n' })
    await closed
    expect(onEnd).toHaveBeenCalledTimes(2)
    expect(proxy.metrics.ended).toMatchObject({ complete: 1, error: 1 })
  })

  it('does not count that against the upstream', async () => {
    const breaker = { execute: vi.fn((call) => call({ signal: new AbortController().signal })) }
    const { proxy } = drained([step.comment('hi'), step.hang()], { breaker })
    const collecting = collect(await proxy(ask()))
    await settled()
    await proxy.close({ drainMs: 0 })
    expect((await collecting).verdict).toBe('error')
    await expect(breaker.execute.mock.results[0]?.value).resolves.toBeUndefined()
  })

  it('leaves no timer when the last stream ends before the deadline', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const mayEnd = gate()
    const { proxy } = drained([step.status(200), step.until(mayEnd.opened)])
    const collecting = collect(await proxy(ask()))
    const closed = proxy.close({ drainMs: 60_000 })
    mayEnd.open()
    await collecting
    await closed
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
