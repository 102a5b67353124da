import { describe, expect, it, vi } from 'vitest'
import { callUpstream, type UpstreamCall } from '../../src/upstream/call-upstream.ts'

const call = (fetch: typeof globalThis.fetch, rest: Partial<UpstreamCall> = {}): UpstreamCall => ({
  url: 'http://up.test/',
  method: 'GET',
  headers: new Headers(),
  body: null,
  controller: new AbortController(),
  fetch,
  connectMs: 1_000,
  limit: { phase: 'headers', timeoutMs: 1_000, leftMs: 1_000 },
  ...rest,
})
const failing =
  (cause: object): typeof fetch =>
  async () => {
    throw new TypeError('fetch failed', { cause })
  }

describe('callUpstream', () => {
  it('follows no redirect, and passes headers as pairs that any fetch takes', async () => {
    const fetch = vi.fn(async (..._: Parameters<typeof globalThis.fetch>) => new Response('x'))
    await callUpstream(call(fetch, { headers: new Headers({ 'x-a': '1' }) }))
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({
      redirect: 'manual',
      headers: [['x-a', '1']],
      body: null,
    })
    expect(fetch.mock.calls[0]?.[1]).not.toHaveProperty('duplex')
  })

  it('streams a body', async () => {
    const fetch = vi.fn(async (..._: Parameters<typeof globalThis.fetch>) => new Response('x'))
    await callUpstream(call(fetch, { method: 'POST', body: new ReadableStream() }))
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ duplex: 'half' })
  })

  it('tells the wait for a connection from other failures', async () => {
    const slow = failing({ code: 'UND_ERR_CONNECT_TIMEOUT' })
    await expect(callUpstream(call(slow))).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_TIMEOUT',
      phase: 'connect',
      timeoutMs: 1_000,
    })
    const refused = failing({ code: 'ECONNREFUSED' })
    await expect(callUpstream(call(refused))).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_NETWORK',
      cause: { cause: { code: 'ECONNREFUSED' } },
    })
  })

  it('takes a fetch that throws for a failure too', async () => {
    const throws = (): never => {
      throw new Error('no such upstream')
    }
    await expect(callUpstream(call(throws))).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
  })

  it('gives up with the reason of whoever aborted it', async () => {
    const controller = new AbortController()
    const answer = callUpstream(call(() => new Promise(() => {}), { controller }))
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
  })

  it('asks nobody when it was aborted before', async () => {
    const controller = new AbortController()
    controller.abort('gone')
    const fetch = vi.fn(async () => new Response('x'))
    await expect(callUpstream(call(fetch, { controller }))).rejects.toBe('gone')
    expect(fetch).not.toHaveBeenCalled()
  })

  it('leaves no listener and no timer behind', async () => {
    vi.useFakeTimers()
    try {
      const controller = new AbortController()
      const added = vi.spyOn(controller.signal, 'addEventListener')
      const removed = vi.spyOn(controller.signal, 'removeEventListener')
      await callUpstream(call(async () => new Response('x'), { controller }))
      await callUpstream(call(failing({}), { controller })).catch(() => {})
      expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
