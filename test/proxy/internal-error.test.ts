import { type CallPolicy, CircuitBreaker, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { collect } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { warningsDuring } from '../support/warnings-during.ts'

const EVENTS = { 'content-type': 'text/event-stream' }

/** A `fetch` of the application's whose response somebody else is reading. */
function lockedFetch(): Promise<Response> {
  const response = new Response('data: 1\n\n', { headers: EVENTS })
  response.body?.getReader()
  return Promise.resolve(response)
}

describe('an error that is neither the upstream nor the client', () => {
  it('is a 500 of its own code, one summary and one report', async () => {
    const summaries: StreamSummary[] = []
    const proxy = sseProxy('http://up.test', {
      fetch: lockedFetch,
      onEnd: (summary) => void summaries.push(summary),
    })
    let response: Response | undefined
    const warnings = await warningsDuring(async () => {
      response = await proxy(new Request('http://proxy.test/'))
    })
    expect(response?.status).toBe(500)
    expect(await response?.json()).toEqual({
      error: { message: 'The server failed', type: 'server_error', code: 'SSE_INTERNAL' },
    })
    expect(summaries).toMatchObject([{ verdict: 'error', code: 'SSE_INTERNAL', status: 500 }])
    expect(warnings).toHaveLength(1)
  })

  it('is neither retried nor counted by the breaker', async () => {
    const fetch = vi.fn(lockedFetch)
    const proxy = sseProxy(['http://a.test', 'http://b.test'], {
      fetch,
      retry: { attempts: 3, baseMs: 0 },
      breaker: { failures: 1 },
    })
    await warningsDuring(async () => {
      expect((await proxy(new Request('http://proxy.test/'))).status).toBe(500)
      expect((await proxy(new Request('http://proxy.test/'))).status).toBe(500)
    })
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it('does not leave a policy waiting for the first event', async () => {
    const ended = vi.fn()
    const breaker: CallPolicy = {
      execute: async (call) => {
        await call({ signal: new AbortController().signal })
        ended()
      },
    }
    const proxy = sseProxy('http://up.test', { fetch: lockedFetch, breaker })
    await warningsDuring(async () => {
      expect((await proxy(new Request('http://proxy.test/'))).status).toBe(500)
    })
    expect(ended).toHaveBeenCalledTimes(1)
  })

  it('is an error of the connection where a body of any fetch breaks', async () => {
    const summaries: StreamSummary[] = []
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('data: 1\n\n'))
      },
      pull(controller) {
        controller.error(new Error('socket'))
      },
    })
    const proxy = sseProxy('http://up.test', {
      fetch: () => Promise.resolve(new Response(broken, { headers: EVENTS })),
      onEnd: (summary) => void summaries.push(summary),
    })
    const { events } = await collect(await proxy(new Request('http://proxy.test/')))
    expect(events).toHaveLength(1)
    expect(summaries).toMatchObject([{ verdict: 'upstream_error', code: 'SSE_UPSTREAM_NETWORK' }])
  })

  it('counts for the breaker of calls of one’s own', async () => {
    const breaker = new CircuitBreaker({ failures: 1 })
    const fail = () => Promise.reject(new Error('down'))
    await expect(breaker.execute(fail)).rejects.toThrow('down')
    await expect(breaker.execute(fail)).rejects.toMatchObject({ code: 'SSE_CIRCUIT_OPEN' })
  })
})
