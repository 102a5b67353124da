import { proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { fakeUpstream, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type OpenProxy, openProxy } from '../support/http/open-proxy.ts'

const flood: UpstreamScript = function* () {
  for (;;) yield step.raw(`data: ${'x'.repeat(10_000)}\n\n`)
}

describe('a client that takes nothing of what is waiting for it', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const start = async (
    script: UpstreamScript,
    signal?: AbortSignal,
  ): Promise<{ response: Response; summaries: StreamSummary[] }> => {
    const summaries: StreamSummary[] = []
    const request = new Request('http://client.test/', { signal: signal ?? null })
    const response = await proxyFetch(request, 'http://up.test', {
      fetch: fakeUpstream(script).fetch,
      timeouts: { clientStallMs: 5_000, idleMs: 1_000 },
      onEnd: (summary) => summaries.push(summary),
    })
    return { response, summaries }
  }

  it.each([
    ['while the upstream is held back', flood],
    ['after the upstream has ended', [step.send({ data: '1' })]],
  ])('is let go %s', async (_, script) => {
    const { response, summaries } = await start(script)
    await vi.advanceTimersByTimeAsync(4_900)
    expect(summaries).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    expect(summaries).toMatchObject([{ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' }])
    // What it did not take is not kept for it.
    const reading = (response.body as ReadableStream<Uint8Array>).getReader().read()
    await expect(reading).rejects.toMatchObject({ code: 'SSE_CLIENT_STALLED' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has some time to take what was whole before a failure of the upstream', async () => {
    const { response, summaries } = await start([step.send({ data: '1' }), step.hang()])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(summaries).toMatchObject([{ verdict: 'timeout', phase: 'idle' }])
    await vi.advanceTimersByTimeAsync(4_000)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('data: 1\n\n')
    await expect(reader.read()).rejects.toMatchObject({ phase: 'idle' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has no more time than that', async () => {
    const { response } = await start([step.send({ data: '1' }), step.hang()])
    await vi.advanceTimersByTimeAsync(6_000)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await expect(reader.read()).rejects.toMatchObject({ phase: 'idle' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is heard when it leaves after the upstream has ended', async () => {
    const controller = new AbortController()
    const { response, summaries } = await start([step.send({ data: '1' })], controller.signal)
    await vi.advanceTimersByTimeAsync(10)
    controller.abort()
    expect(summaries).toMatchObject([{ verdict: 'client_gone', code: 'SSE_CLIENT_GONE' }])
    await expect(response.text()).rejects.toMatchObject({ code: 'SSE_CLIENT_GONE' })
  })
})

describe('the connection of a client that takes nothing', () => {
  const stall = async (script: UpstreamScript, timeouts: object): Promise<OpenProxy> => {
    const opened = await openProxy(script, { timeouts })
    const client = slowClient(opened.url, { paused: true })
    await client.head
    const request = await opened.upstream.request()
    // The sockets in between take some MiB before the upstream has to wait.
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(2))
    return opened
  }

  it('is closed after clientStallMs', async () => {
    const { ended, connections } = await stall(flood, { clientStallMs: 200 })
    expect(await ended()).toMatchObject({ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' })
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 })
  })

  it('is closed at the deadline of close()', async () => {
    const { ended, connections, proxy } = await stall(flood, {})
    await proxy.close({ drainMs: 10 })
    expect(await ended()).toMatchObject({ verdict: 'error', code: 'SSE_DRAINING' })
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 })
  })
})
