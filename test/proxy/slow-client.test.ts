import { proxyFetch, type StreamSummary } from 'sse-stream-kit'
import { fakeUpstream, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { within } from '../support/within.ts'

const EVENT = `data: ${'x'.repeat(1_016)}\n\n`

/** So many events of 1 KiB. */
function* events(count: number) {
  for (let index = 0; index < count; index++) yield step.raw(EVENT)
}

describe('a client that does not read', () => {
  it.each([
    [undefined, 65_536, 32_768],
    [{ highBytes: 8_192 }, 8_192, 4_096],
    [{ highBytes: 8_192, lowBytes: 1_024 }, 8_192, 1_024],
  ])('with the watermark %o stops the upstream at the high mark', async (watermark, high, low) => {
    const upstream = fakeUpstream(() => events(200))
    const summaries: StreamSummary[] = []
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: upstream.fetch,
      watermark,
      onEnd: (summary) => summaries.push(summary),
    })
    const request = await upstream.request()
    // One event is held by the fetch itself.
    await vi.waitFor(() => expect(request.bytesTaken).toBeGreaterThanOrEqual(high))
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    expect(request.bytesTaken).toBeLessThanOrEqual(high + 2 * EVENT.length)

    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const stoppedAt = request.bytesTaken
    let taken = 0
    while (taken < high - low - EVENT.length) taken += (await reader.read()).value?.length ?? 0
    for (let turn = 0; turn < 100; turn++) await Promise.resolve()
    // Not read again before it has drained to the low mark.
    expect(request.bytesTaken).toBe(stoppedAt)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      taken += value.length
    }
    expect(taken).toBe(200 * EVENT.length)
    expect(summaries).toMatchObject([{ verdict: 'complete', events: 200, bytesOut: taken }])
  })

  it('over sockets stops the upstream, and gets everything once it reads', async () => {
    const total = 24 * 1_024
    const { url, upstream, ended } = await openProxy(() => events(total))
    const client = slowClient(url, { paused: true, maxKeptBytes: 0 })
    await client.head
    const request = await upstream.request()
    // Until nothing has moved for a while: the sockets in between take some MiB first.
    let last = -1
    let stills = 0
    await vi.waitFor(
      () => {
        stills = request.bytesTaken === last && last > 0 ? stills + 1 : 0
        last = request.bytesTaken
        expect(stills).toBeGreaterThanOrEqual(5)
      },
      { timeout: 10_000, interval: 50 },
    )
    expect(request.bytesTaken).toBeLessThan(total * EVENT.length)
    expect(request.pauses).toBeGreaterThan(0)
    client.resume()
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(client.bytesReceived).toBe(total * EVENT.length)
    const summary = await ended()
    expect(summary).toMatchObject({ verdict: 'complete', events: total })
    expect(summary.pauses.count).toBeGreaterThan(0)
    expect(summary.pauses.totalMs).toBeGreaterThan(0)
  })
})
