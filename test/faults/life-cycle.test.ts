import { getEventListeners } from 'node:events'
import { constants } from 'node:http2'
import { Budget, proxyFetch, relay, type Stage, type StreamSummary } from 'sse-stream-kit'
import { FrameSplitter, HeartbeatInjector } from 'sse-stream-kit/streams'
import { fakeUpstream, gate, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { ask } from '../support/http/raw-client.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { within } from '../support/within.ts'
import { http2To } from './http2-to.ts'
import { LAST_CHUNK } from './last-chunk.ts'
import { rawTo } from './raw-to.ts'

const SSE = { 'content-type': 'text/event-stream' }
const flood: UpstreamScript = function* () {
  for (;;) yield step.raw(`data: ${'x'.repeat(65_528)}\n\n`)
}

describe('the life cycle of a stream', () => {
  watchRejections()
  afterEach(() => {
    vi.useRealTimers()
  })

  it("L1 client disconnects before the upstream's headers: closes the upstream request and ends as client_gone", async () => {
    const { url, upstream, ended } = await openProxy([step.never()])
    const client = rawTo(url)
    const request = await upstream.request()
    client.socket.destroy()
    await requestClosed(request)
    expect(request).toMatchObject({ aborted: true, isAnswered: false })
    expect(await ended()).toMatchObject({ verdict: 'client_gone', status: 499, bytesIn: 0 })
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
  })

  it('L2 client disconnects within an event: closes the upstream request and leaves no timer or listener', async () => {
    const { url, upstream, ended } = await openProxy([step.raw('data: 1\n\ndata: ha'), step.hang()])
    const client = rawTo(url)
    await client.until('data: 1\n\n')
    client.socket.resetAndDestroy()
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', events: 1 })

    vi.useFakeTimers()
    const { signal } = new AbortController()
    const request = Object.defineProperty(new Request('http://client.test/'), 'signal', {
      value: signal,
    })
    const fake = fakeUpstream([step.raw('data: 1\n\ndata: ha'), step.hang()])
    const response = await proxyFetch(request, 'http://up.test', { fetch: fake.fetch })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    expect(vi.getTimerCount()).toBeGreaterThan(0)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await reader.cancel()
    await requestClosed(fake.requests[0])
    expect(fake.requests[0]?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('L3 client disconnects under backpressure: closes the upstream request at once', async () => {
    const { url, upstream, ended } = await openProxy(flood)
    const client = slowClient(url, { paused: true })
    await client.head
    const request = await upstream.request()
    // The sockets in between take some MiB before the upstream has to wait.
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(2))
    client.leave()
    await requestClosed(request)
    expect(request.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone' })

    // The same with streams that the user has piped, whose write is waiting for a reader.
    const fake = fakeUpstream(flood)
    const response = await fake.fetch('http://up.test/')
    const piped = (response.body as ReadableStream<Uint8Array>)
      .pipeThrough(new FrameSplitter())
      .pipeThrough(new HeartbeatInjector())
    const reader = piped.getReader()
    await reader.read()
    await reader.cancel()
    await requestClosed(fake.requests[0])
    expect(fake.requests[0]?.aborted).toBe(true)
  })

  it('L3 HTTP/2 client disconnects under backpressure: closes the upstream request at once', async () => {
    const { proxy, upstream } = await openProxy(flood)
    const session = await http2To(proxy)
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    await within(
      'event response of the stream',
      new Promise((resolve) => stream.on('response', resolve)),
    )
    const request = await upstream.request()
    await vi.waitFor(() => expect(request.pauses).toBeGreaterThan(2))
    stream.close(constants.NGHTTP2_NO_ERROR)
    await requestClosed(request)
    expect(request.aborted).toBe(true)
  })

  it('L4 upstream resets within an event: breaks the response and keeps the cause', async () => {
    const seen = gate()
    const script = [step.raw('data: 1\n\ndata: ha'), step.until(seen.opened), step.reset()]
    const { url, upstream, ended } = await openProxy(script)
    const client = rawTo(url)
    await client.until('data: 1\n\n')
    seen.open()
    await client.closed
    expect(client.text).not.toContain('data: ha')
    expect(client.text).not.toMatch(LAST_CHUNK)
    expect(await ended()).toMatchObject({ verdict: 'upstream_error', code: 'SSE_UPSTREAM_NETWORK' })

    const response = await proxyFetch(new Request('http://client.test/'), await upstream.listen())
    await expect(response.text()).rejects.toMatchObject({
      code: 'SSE_UPSTREAM_NETWORK',
      cause: { code: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/) },
    })
  })

  it('L4 upstream resets within an event, HTTP/2: a slow client receives every whole event, then a reset', async () => {
    const { proxy, upstream } = await openProxy(function* ({ url }) {
      if (url === '/next') return yield step.send({ data: 'next' })
      for (let id = 0; id < 20; id++) yield step.send({ data: `${id} ${'x'.repeat(1_000)}` })
      yield step.raw('data: ha')
      // What was sent must have arrived: a reset overtakes it.
      yield step.wait(20)
      yield step.reset()
    })
    const session = await http2To(proxy)
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {})
    const onEnd = vi.fn()
    stream.on('end', onEnd)
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      stream.pause()
      setTimeout(() => stream.resume(), 10)
    })
    await within('event close of the stream', new Promise((resolve) => stream.on('close', resolve)))
    expect(text.match(/^data: \d+ x{1000}$/gm)).toHaveLength(20)
    expect(text).not.toContain('data: ha')
    expect(onEnd).not.toHaveBeenCalled()
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    const next = session.request({ ':path': '/next' }).setEncoding('utf8')
    expect((await next.toArray()).join('')).toBe('data: next\n\n')
    expect(upstream.requests).toHaveLength(2)
  })

  it('L5 upstream resets while the client reads nothing: releases everything within clientStallMs', async () => {
    const timeouts = { clientStallMs: 500 }
    const { url, upstream, ended, connections } = await openProxy(flood, { timeouts })
    const client = slowClient(url, { paused: true })
    await client.head
    const budget = new Budget({ maxBytes: Infinity })
    const unread = new Promise<StreamSummary>((resolve) => {
      const options = { timeouts, budget, onEnd: resolve }
      void upstream
        .listen()
        .then((base) => proxyFetch(new Request('http://client.test/'), base, options))
    })
    // The one over sockets waits some MiB later than the one that nobody reads.
    await vi.waitFor(() => expect(budget.heldBytes).toBeGreaterThan(65_535), { interval: 5 })
    await vi.waitFor(() => expect(upstream.requests[0]?.pauses).toBeGreaterThan(2))
    await upstream.close()
    expect(await unread).toMatchObject({ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' })
    expect(budget.heldBytes).toBe(0)
    expect(['client_gone', 'upstream_error']).toContain((await ended()).verdict)
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 })
  })

  it.each([
    ['with its last word', 'data: 1\n\ndata: [DONE]\n\n', 'complete', 2],
    ['without a last word', 'data: 1\n\n', 'complete', 1],
    ['inside an event', 'data: 1\n\ndata: ha', 'truncated', 1],
  ])(
    'L6 upstream ends cleanly, %s, with truncation: pass: adds nothing to the response',
    async (_, text, verdict, events) => {
      const relayed = await openProxy([step.raw(text)], { truncation: 'pass' })
      const client = rawTo(relayed.url, ask('/', 'GET', '1.1', 'connection: close\r\n'))
      await client.closed
      expect(client.text).toMatch(LAST_CHUNK)
      expect(client.text.match(/data: /g)?.length).toBe(text.match(/data: /g)?.length)
      expect(client.text.includes('[DONE]')).toBe(text.includes('[DONE]'))
      expect(await relayed.ended()).toMatchObject({ verdict, events, bytesOut: text.length })

      const decoded = await openProxy([step.raw(text)], {
        transform: (event) => ({ ...event }),
        truncation: 'pass',
      })
      // What the cut event would have become nobody can say.
      expect(await (await fetch(decoded.url)).text()).toBe(text.replace('data: ha', ''))
      expect(await decoded.ended()).toMatchObject({ verdict, events })
    },
  )

  it('L7 upstream never sends headers: responds with 504 and closes the upstream request; headers stop the clock', async () => {
    const { url, upstream, ended } = await openProxy([step.never()], {
      timeouts: { headersMs: 50 },
    })
    const response = await fetch(url)
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_TIMEOUT' } })
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'headers' })

    vi.useFakeTimers()
    const fake = fakeUpstream([step.status(200), step.wait(5_000), step.send({ data: '1' })])
    const late = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      timeouts: { headersMs: 50 },
      heartbeat: false,
    })
    const text = late.text()
    await vi.advanceTimersByTimeAsync(6_000)
    expect(await text).toBe('data: 1\n\n')
  })

  it('L8 upstream stalls after its headers: times out in spite of heartbeats', async () => {
    const { url, upstream, ended } = await openProxy([step.send({ data: '1' }), step.hang()], {
      timeouts: { idleMs: 150 },
      heartbeat: { intervalMs: 20 },
      upstreamErrors: 'event-then-break',
    })
    const client = rawTo(url)
    await client.closed
    expect(client.text).toContain(': keepalive\n\n')
    expect(client.text).toContain('SSE_UPSTREAM_TIMEOUT')
    expect(client.text).not.toMatch(LAST_CHUNK)
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'timeout', phase: 'idle', events: 1 })
  })

  it('L9 error after the headers: sends an error event only at a boundary, and nothing into other bodies', async () => {
    const broken = async (type: string): Promise<string> => {
      const seen = gate()
      const { url } = await openProxy(
        [
          step.status(200, { 'content-type': type }),
          step.raw('data: 1\n\ndata: ha'),
          step.until(seen.opened),
          step.cut(),
        ],
        { upstreamErrors: 'event-then-break' },
      )
      const client = rawTo(url)
      await client.until('data: 1\n\n')
      seen.open()
      await client.closed
      expect(client.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
      expect(client.text).not.toMatch(LAST_CHUNK)
      return client.text
    }
    const stream = await broken('text/event-stream')
    expect(stream).not.toContain('data: ha')
    // One chunk holds the event as it came, the next one the error event.
    expect(stream).toMatch(/data: 1\n\n\r\n[0-9a-f]+\r\ndata: \{"error":\{.*\}\}\n\n\r\n$/)
    const other = await broken('text/plain')
    expect(other).toContain('data: ha')
    expect(other).not.toContain('error')
  })

  it('L11 items and timers after the end: write nothing to an ended stream', async () => {
    vi.useFakeTimers()
    const summaries: StreamSummary[] = []
    const fake = fakeUpstream([step.send({ data: '1' }), step.hang()])
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      onEnd: (summary) => summaries.push(summary),
    })
    await response.body?.cancel()
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(summaries).toMatchObject([{ verdict: 'client_gone', heartbeats: 0 }])
    expect(vi.getTimerCount()).toBe(0)

    // A source that gives its chunk although it was cancelled.
    let give = (_: ReadableStreamReadResult<Uint8Array>): void => {}
    const pushed: Uint8Array[] = []
    const stage: Stage<Uint8Array, Uint8Array> = {
      start: () => {},
      push: (chunk) => void pushed.push(chunk),
    }
    const read = () =>
      new Promise<ReadableStreamReadResult<Uint8Array>>((resolve) => {
        give = resolve
      })
    const readable = relay({ getReader: () => ({ read, cancel: async () => {} }) }, [stage])
    const reader = readable.getReader()
    const reading = reader.read()
    await reader.cancel()
    give({ done: false, value: new Uint8Array(1) })
    expect(await reading).toEqual({ done: true, value: undefined })
    await vi.advanceTimersByTimeAsync(1)
    expect(pushed).toEqual([])
  })

  it('L14 shutdown: refuses new streams; running ones end complete, or are broken at the deadline', async () => {
    const closing = gate()
    const { url, upstream, proxy, summaries } = await openProxy((request) =>
      request.url === '/ends'
        ? [step.send({ data: '1' }), step.until(closing.opened), step.send({ data: '2' })]
        : [step.raw('data: 1\n\ndata: ha'), step.hang()],
    )
    const ending = rawTo(url, ask('/ends'))
    const hanging = rawTo(url, ask('/hangs'))
    await Promise.all([ending.until('data: 1\n\n'), hanging.until('data: 1\n\n')])
    const closed = proxy.close({ drainMs: 1_500 })
    const refused = await fetch(url)
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ error: { code: 'SSE_DRAINING' } })
    closing.open()
    await ending.until('data: 2\n\n')
    await closed
    await hanging.closed
    expect(hanging.text).toMatch(/data: 1\n\n\r\n$/)
    await Promise.all(upstream.requests.map(requestClosed))
    expect(upstream.requests).toHaveLength(2)
    expect(proxy.metrics.ended.complete).toBe(1)
    expect(summaries).toContainEqual(
      expect.objectContaining({ status: 200, verdict: 'error', code: 'SSE_DRAINING' }),
    )
  })

  it('L15 both ends at once, in any order: gives one verdict and one summary', async () => {
    const random = seededRandom(15)
    const turns = async (most: number): Promise<void> => {
      for (let turn = Math.floor(random() * most); turn > 0; turn--) await Promise.resolve()
    }
    const verdicts = new Map<string, number>()
    for (let run = 0; run < 300; run++) {
      const summaries: StreamSummary[] = []
      const pairs = { started: 0, ended: 0 }
      const client = new AbortController()
      let source!: ReadableStreamDefaultController<Uint8Array>
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          source = controller
        },
      })
      const response = await proxyFetch(
        new Request('http://client.test/', { signal: client.signal }),
        'http://up.test',
        {
          fetch: async () => new Response(body, { headers: SSE }),
          onEnd: (summary) => summaries.push(summary),
          metrics: { streamStarted: () => pairs.started++, streamEnded: () => pairs.ended++ },
        },
      )
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const reading = reader.read().catch(() => {})
      const isBroken = random() < 0.3
      const upstreamEnds = turns(12).then(() => {
        try {
          if (isBroken) source.error(new Error('broken'))
          else source.close()
        } catch {
          // Cancelled before it could end.
        }
      })
      const cancels = turns(40).then(() => reader.cancel().catch(() => {}))
      const leaves = turns(40).then(() => client.abort())
      await Promise.all([upstreamEnds, cancels, leaves, reading])
      await vi.waitFor(() => expect(summaries).toHaveLength(1))
      for (let turn = 0; turn < 30; turn++) await Promise.resolve()
      expect(summaries).toHaveLength(1)
      expect(pairs).toEqual({ started: 1, ended: 1 })
      const verdict = summaries[0]?.verdict ?? 'none'
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1)
    }
    expect([...verdicts.keys()].sort()).toEqual(['client_gone', 'complete', 'upstream_error'])
  })
})
