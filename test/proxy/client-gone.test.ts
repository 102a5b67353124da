import { proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { fakeUpstream, gate, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'

const KIB_64 = 65_536
const flood: UpstreamScript = function* () {
  for (;;) yield step.raw(`data: ${'x'.repeat(KIB_64 - 8)}\n\n`)
}

describe('a client that leaves', () => {
  it('before the headers closes the upstream', async () => {
    const { url, upstream, ended } = await openProxy([step.never()])
    const client = slowClient(url, { body: 'prompt' })
    client.head.catch(() => {})
    const request = await upstream.request()
    client.leave()
    await requestClosed(request)
    expect(request).toMatchObject({ aborted: true, isAnswered: false })
    expect(await ended()).toMatchObject({
      verdict: 'client_gone',
      code: 'SSE_CLIENT_GONE',
      status: 499,
      bytesIn: 0,
    })
  })

  it.each([
    ['before the first event', [step.status(200)], 0],
    ['between events', [step.send({ data: '1' })], 9],
    // The half of an event is held back until it is whole.
    ['in mid-event', [step.send({ data: '1' }), step.raw('data: ha')], 9],
    ['between CR and LF', [step.raw('data: 1\r\n\r')], 9],
  ])('%s closes the upstream', async (_, steps, bytes) => {
    const { url, upstream, ended } = await openProxy([...steps, step.hang()])
    const client = slowClient(url, { body: 'prompt' })
    await client.head
    await client.received(bytes)
    client.leave()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({
      verdict: 'client_gone',
      code: 'SSE_CLIENT_GONE',
      status: 200,
      upstreamStatus: 200,
    })
  })

  it('while it is too slow closes the upstream', async () => {
    const { url, upstream, ended, proxy } = await openProxy(flood)
    const client = slowClient(url, { paused: true })
    await client.head
    const request = await upstream.request()
    // The sockets in between take some MiB before the upstream has to wait.
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(2))
    client.leave()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })
    expect(proxy.metrics.ended.client_gone).toBe(1)
  })

  it('in its upload closes the upstream', async () => {
    const { url, upstream, ended } = await openProxy([
      step.send({ data: '1' }),
      step.until((request) => request.body),
    ])
    const body = new Uint8Array(100_000)
    const client = slowClient(url, { headers: { 'content-length': '100001' }, body })
    await client.received(9)
    client.leave()
    await requestClosed(upstream.requests[0])
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })
  })
})

describe('a client that leaves proxyFetch', () => {
  const start = async (
    script: UpstreamScript,
    request: Request,
  ): Promise<{ response: Promise<Response>; ended: Promise<StreamSummary>; url: string }> => {
    const upstream = fakeUpstream(script)
    let resolve: (summary: StreamSummary) => void = () => {}
    const ended = new Promise<StreamSummary>((done) => {
      resolve = done
    })
    const options = { fetch: upstream.fetch, onEnd: resolve }
    const response = proxyFetch(request, 'http://up.test', options)
    return { response, ended, url: '' }
  }

  it('by its signal alone ends the stream', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const { response, ended } = await start(
      [step.send({ data: '1' }), step.hang()],
      new Request('http://client.test/', { signal }),
    )
    const reader = (await response).body?.getReader()
    await reader?.read()
    controller.abort()
    await expect(reader?.read()).rejects.toMatchObject({ code: 'SSE_CLIENT_GONE' })
    expect(await ended).toMatchObject({ verdict: 'client_gone', events: 1 })
  })

  it('by a cancel of the body alone ends the stream', async () => {
    const { response, ended } = await start(
      [step.send({ data: '1' }), step.hang()],
      new Request('http://client.test/'),
    )
    await (await response).body?.cancel('enough')
    expect(await ended).toMatchObject({ verdict: 'client_gone', code: 'SSE_CLIENT_GONE' })
  })

  it('is told to the fetch also by its signal, as not every body closes its socket', async () => {
    let signal: AbortSignal | null | undefined
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: async (_, init) => {
        signal = init?.signal
        return new Response(new ReadableStream())
      },
    })
    expect(signal?.aborted).toBe(false)
    await response.body?.cancel()
    expect(signal?.aborted).toBe(true)
  })

  it('before it asks opens nothing', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const request = new Request('http://client.test/', { signal: AbortSignal.abort() })
    const response = await proxyFetch(request, 'http://up.test', { fetch: upstream.fetch })
    expect(response.status).toBe(499)
    expect(upstream.requests).toHaveLength(0)
  })

  it('is not waited for by a fetch that does not mind its signal', async () => {
    const answered = gate()
    const controller = new AbortController()
    const cancelled = vi.fn()
    const late = answered.opened.then(() => new Response(new ReadableStream({ cancel: cancelled })))
    const request = new Request('http://client.test/', { signal: controller.signal })
    const answer = proxyFetch(request, 'http://up.test', { fetch: () => late })
    controller.abort()
    expect((await answer).status).toBe(499)
    answered.open()
    await late
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
  })

  it('between the headers and the body ends the stream', async () => {
    const controller = new AbortController()
    const cancelled = vi.fn()
    const request = new Request('http://client.test/', { signal: controller.signal })
    const answer = proxyFetch(request, 'http://up.test', {
      fetch: async () => {
        queueMicrotask(() => queueMicrotask(() => controller.abort()))
        return new Response(new ReadableStream({ cancel: cancelled }), {
          headers: { 'content-type': 'text/event-stream' },
        })
      },
    })
    const response = await answer
    if (response.status !== 499) await expect(response.text()).rejects.toThrow()
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce())
  })

  it('leaves no listener on its signal', async () => {
    const controller = new AbortController()
    const { signal } = new Request('http://client.test/', { signal: controller.signal })
    const listeners = { added: 0, removed: 0 }
    const counting = new Request('http://client.test/')
    Object.defineProperty(counting, 'signal', {
      value: {
        aborted: signal.aborted,
        addEventListener: () => listeners.added++,
        removeEventListener: () => listeners.removed++,
      },
    })
    const { response, ended } = await start([step.send({ data: '1' })], counting)
    await (await response).text()
    await ended
    expect(listeners).toEqual({ added: 1, removed: 1 })
  })
})
