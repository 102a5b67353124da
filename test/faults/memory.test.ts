import { Budget, proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { FrameSplitter } from 'sse-stream-kit/streams'
import { fakeUpstream, slowClient, step, type UpstreamScript } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { standstill } from '../support/standstill.ts'
import { LAST_CHUNK } from './last-chunk.ts'
import { rawTo } from './raw-to.ts'

const KIB_64 = 65_536
const MIB = 1_048_576
/** What the sockets on both sides of the proxy may have taken beyond what it read. */
const SOCKET_BYTES = 8 * MIB

const endless = (chunk: string): UpstreamScript =>
  function* () {
    for (;;) yield step.raw(chunk)
  }

describe('memory and time of a stream', () => {
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })

  /** What an endless event comes to, with a limit of 1 MiB. */
  const tooLarge = async (script: UpstreamScript): Promise<void> => {
    const budget = new Budget({ maxBytes: 64 * MIB })
    const { url, upstream, ended } = await openProxy(script, { maxEventBytes: MIB, budget })
    const client = rawTo(url)
    await client.closed
    expect(client.text).not.toMatch(LAST_CHUNK)
    expect(client.text).not.toContain('aaaa')
    expect(await ended()).toMatchObject({ verdict: 'too_large', code: 'SSE_LIMIT', events: 0 })
    const [request] = upstream.requests
    await requestClosed(request)
    expect(request?.aborted).toBe(true)
    expect(request?.bytesTaken).toBeLessThan(MIB + SOCKET_BYTES)
    expect(budget.heldBytes).toBe(0)
  }

  it('M1 endless event without a newline: errors at the limit; bodies that are not event streams pass', async () => {
    await tooLarge(endless('a'.repeat(KIB_64)))
    const other = await openProxy(
      function* () {
        yield step.status(200, { 'content-type': 'application/octet-stream' })
        for (let index = 0; index < 64; index++) yield step.raw('a'.repeat(KIB_64))
      },
      { maxEventBytes: 1_024 },
    )
    expect(await (await fetch(other.url)).text()).toHaveLength(64 * KIB_64)
  })

  it('M2 endless data lines without a blank line: count towards the same limit', async () => {
    await tooLarge(endless(`data: ${'a'.repeat(1_000)}\n`.repeat(64)))
  })

  it('M3 1-byte chunks: copy bytes in proportion to the event, not to its square', async () => {
    const copied = async (bytes: number): Promise<number> => {
      const set = vi.spyOn(Uint8Array.prototype, 'set')
      const event = new TextEncoder().encode(`data: ${'x'.repeat(bytes - 8)}\n\n`)
      let index = 0
      const source = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          controller.enqueue(event.slice(index, ++index))
          if (index === event.length) controller.close()
        },
      })
      const chunks: Uint8Array[] = []
      for await (const chunk of source.pipeThrough(new FrameSplitter())) chunks.push(chunk)
      let total = 0
      for (const [from] of set.mock.calls) total += from.length
      set.mockRestore()
      expect(chunks).toEqual([event])
      return total
    }
    // Each byte once into the buffer and once out of it, and at most twice more where the buffer doubles.
    expect(await copied(8_192)).toBeLessThan(4 * 8_192)
    expect(await copied(16_384)).toBeLessThan(4 * 16_384)
  })

  it('M4 slow client, fast upstream: holds a bounded number of bytes and pauses the upstream down to the low watermark', async () => {
    const event = `data: ${'x'.repeat(1_016)}\n\n`
    const fake = fakeUpstream(endless(event))
    const budget = new Budget({ maxBytes: Infinity })
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      watermark: { highBytes: 16_384, lowBytes: 4_096 },
      budget,
    })
    const request = await fake.request()
    await vi.waitFor(() => expect(request.bytesTaken).toBeGreaterThanOrEqual(16_384))
    for (let turn = 0; turn < 200; turn++) await Promise.resolve()
    const stoppedAt = request.bytesTaken
    expect(stoppedAt).toBeLessThanOrEqual(16_384 + 2 * event.length)
    expect(budget.heldBytes).toBeLessThanOrEqual(16_384 + event.length)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (let index = 0; index < 11; index++) await reader.read()
    for (let turn = 0; turn < 200; turn++) await Promise.resolve()
    expect(request.bytesTaken).toBe(stoppedAt)
    for (let index = 0; index < 4; index++) await reader.read()
    await vi.waitFor(() => expect(request.bytesTaken).toBeGreaterThan(stoppedAt))
    await reader.cancel()
    expect(budget.heldBytes).toBe(0)

    // And over sockets: it stops at some point, whatever the system takes.
    const { url, upstream } = await openProxy(endless(`data: ${'x'.repeat(KIB_64)}\n\n`), {
      budget,
    })
    const client = slowClient(url, { paused: true })
    await client.head
    const asked = await upstream.request()
    await standstill(
      () => asked.bytesTaken,
      () => asked.pauses > 0,
    )
    client.leave()
    await requestClosed(asked)
  })

  it('M5 heartbeats without a reader: at most one is buffered after an hour', async () => {
    vi.useFakeTimers()
    const fake = fakeUpstream([step.status(200), step.hang()])
    const budget = new Budget({ maxBytes: Infinity })
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      timeouts: { firstEventMs: false, totalMs: false, clientStallMs: false },
      budget,
    })
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(budget.heldBytes).toBeLessThanOrEqual(': keepalive\n\n'.length)
    await response.body?.cancel()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('M6 client that never reads: is disconnected, and its upstream request closed', async () => {
    const { url, upstream, ended, connections } = await openProxy(
      endless(`data: ${'x'.repeat(KIB_64)}\n\n`),
      { timeouts: { clientStallMs: 100, idleMs: false, totalMs: false } },
    )
    const client = slowClient(url, { paused: true })
    await client.head
    await requestClosed(upstream.requests[0])
    expect(upstream.requests[0]?.aborted).toBe(true)
    expect(await ended()).toMatchObject({ verdict: 'client_gone', code: 'SSE_CLIENT_STALLED' })
    await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 })
  })

  it('M7 metrics, retries and transforms: do not tee or clone a stream', async () => {
    const spies = [
      vi.spyOn(ReadableStream.prototype, 'tee'),
      vi.spyOn(Response.prototype, 'clone'),
      vi.spyOn(Request.prototype, 'clone'),
    ]
    const fake = fakeUpstream(({ index }) =>
      index === 0 ? [step.json(503, {})] : [step.send({ data: '1' })],
    )
    const summaries: StreamSummary[] = []
    const request = new Request('http://client.test/', { method: 'POST', body: 'prompt' })
    const response = await proxyFetch(request, 'http://up.test', {
      fetch: fake.fetch,
      retry: { baseMs: 0 },
      metrics: { streamStarted: () => {}, streamEnded: () => {} },
      transform: (event) => ({ ...event, data: `${event.data}!` }),
      onEnd: (summary) => summaries.push(summary),
    })
    expect(await response.text()).toBe('data: 1!\n\n')
    expect(await fake.requests[1]?.text()).toBe('prompt')
    expect(summaries).toMatchObject([{ verdict: 'complete', attempts: 2 }])
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
  })

  it('M8 decompression bomb: asks for identity, and limits what was decoded', async () => {
    const { url, upstream, ended } = await openProxy(
      function* () {
        yield step.coding('gzip')
        for (;;) yield step.raw(new Uint8Array(4 * MIB))
      },
      { maxEventBytes: MIB },
    )
    const client = rawTo(url)
    await client.closed
    expect(client.text).not.toMatch(LAST_CHUNK)
    const [request] = upstream.requests
    expect(request?.headers.get('accept-encoding')).toBe('identity')
    await requestClosed(request)
    expect(await ended()).toMatchObject({ verdict: 'too_large', code: 'SSE_LIMIT', events: 0 })
  })

  it('M9 huge Retry-After, huge retry field: clamps the wait and forwards the bytes', async () => {
    // The first is longer than a timer can be, the second is not.
    const waits = ['99999999999', '3600']
    const { url, upstream } = await openProxy(
      ({ index }) => {
        const wait = waits[index]
        if (wait !== undefined) return [step.json(429, {}, { 'retry-after': wait })]
        return [step.raw('retry: 99999999999999999999\ndata: 1\n\n')]
      },
      { retry: { attempts: 3, maxMs: 10 } },
    )
    expect(await (await fetch(url)).text()).toBe('retry: 99999999999999999999\ndata: 1\n\n')
    expect(upstream.requests).toHaveLength(3)
  })
})
