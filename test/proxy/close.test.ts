import { sseProxy } from 'sse-stream-kit'
import { gate, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { refusal } from '../support/refusal.ts'
import { within } from '../support/within.ts'

describe('close', () => {
  it('lets running streams end, takes no new ones, and closes the connections', async () => {
    const mayEnd = gate()
    const { url, proxy, upstream, ended } = await openProxy([
      step.send({ data: '1' }),
      step.until(mayEnd.opened),
      step.send({ data: '2' }),
    ])
    const running = slowClient(url)
    await running.received(9)
    let isClosed = false
    const closed = proxy.close().then(() => {
      isClosed = true
    })
    const refused = await fetch(url)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await refused.json()).toMatchObject({ error: { code: 'SSE_DRAINING' } })
    expect(isClosed).toBe(false)
    mayEnd.open()
    expect(await within('end of the response', running.verdict)).toBe('complete')
    expect(running.text).toBe('data: 1\n\ndata: 2\n\n')
    await closed
    expect(await ended(0)).toMatchObject({ code: 'SSE_DRAINING', status: 503, attempts: 0 })
    expect(await ended(1)).toMatchObject({ verdict: 'complete' })
    expect(proxy.metrics).toMatchObject({ active: 0, started: 2 })
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
  })

  it('breaks streams that go on past the deadline', async () => {
    const { url, proxy, upstream, ended } = await openProxy([step.send({ data: '1' }), step.hang()])
    const running = slowClient(url)
    await running.received(9)
    await proxy.close({ drainMs: 30 })
    expect(await within('end of the response', running.verdict)).toBe('error')
    expect(running.text).toBe('data: 1\n\n')
    await requestClosed(upstream.requests[0])
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_DRAINING', status: 200 })
  })

  it('breaks them at once for 0', async () => {
    const { url, proxy, upstream } = await openProxy([step.send({ data: '1' }), step.hang()])
    const running = slowClient(url)
    await running.received(9)
    await proxy.close({ drainMs: 0 })
    expect(await within('end of the response', running.verdict)).toBe('error')
    await requestClosed(upstream.requests[0])
  })

  it('answers 503 to those that wait for their headers', async () => {
    const { url, proxy, upstream, ended } = await openProxy([step.never()])
    const answer = fetch(url)
    await upstream.request()
    await proxy.close({ drainMs: 0 })
    expect((await answer).status).toBe(503)
    expect(await (await answer).json()).toMatchObject({ error: { code: 'SSE_DRAINING' } })
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_DRAINING', status: 503 })
  })

  it('waits without end for Infinity', async () => {
    const mayEnd = gate()
    const { url, proxy } = await openProxy([step.status(200), step.until(mayEnd.opened)])
    const running = slowClient(url)
    await running.head
    const closed = proxy.close({ drainMs: Infinity })
    mayEnd.open()
    await closed
    expect(await within('end of the response', running.verdict)).toBe('complete')
  })

  it('may be called twice, and for a proxy that was never used', async () => {
    const proxy = sseProxy('http://up.test')
    expect(proxy.close()).toBe(proxy.close())
    await proxy.close()
    expect((await proxy(new Request('http://client.test/'))).status).toBe(503)
  })

  it.each([-1, Number.NaN, '5'])('takes no %o for drainMs', (drainMs) => {
    const proxy = sseProxy('http://up.test')
    expect(() => proxy.close({ drainMs: drainMs as number })).toThrow(
      refusal(RangeError, 'drainMs'),
    )
  })
})
