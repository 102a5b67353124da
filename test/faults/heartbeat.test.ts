import { proxyFetch, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { HeartbeatInjector } from 'sse-stream-kit/streams'
import { collect, fakeUpstream, gate, step } from 'sse-stream-kit/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { ask } from '../support/http/raw-client.ts'
import { refusal } from '../support/refusal.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { LAST_CHUNK } from './last-chunk.ts'
import { rawTo } from './raw-to.ts'

const BEAT = ': keepalive\n\n'

describe('heartbeats and framing', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('H1 heartbeats at any time, between chunks of any kind: are never inside an event', async () => {
    vi.useFakeTimers()
    const random = seededRandom(101)
    const pick = (list: readonly string[]): string =>
      list[Math.floor(random() * list.length)] as string
    let beats = 0
    for (let run = 0; run < 60; run++) {
      let text = ''
      for (let line = 0; line < 30; line++) {
        text +=
          pick(['data: x', ': c', '', '', 'id: 7', 'event: e', 'data: \u4e16']) +
          pick(['\n', '\n', '\n', '\n', '\n', '\r\n', '\r'])
      }
      const bytes = new TextEncoder().encode(text)
      const injector = new HeartbeatInjector({ intervalMs: 10, frame: ': hb-7f3a\n\n' })
      const writer = injector.writable.getWriter()
      const received = collect(injector.readable)
      for (let at = 0; at < bytes.length; ) {
        const to = at + 1 + Math.floor(random() * 9)
        await writer.write(bytes.slice(at, to))
        at = to
        await vi.advanceTimersByTimeAsync(random() < 0.5 ? 0 : 12)
      }
      const closed = writer.close()
      await vi.advanceTimersByTimeAsync(1)
      await closed
      const through = await received
      beats += through.comments.filter((comment) => comment === 'hb-7f3a').length
      expect(through.text.replaceAll(': hb-7f3a\n\n', '')).toBe(text)
      // After a CR nobody knows yet whether its LF is on the way.
      expect(through.text).not.toContain('\r: hb-7f3a')
      const plain = await collect(new Response(bytes.slice()))
      expect(through.events).toEqual(plain.events)
    }
    expect(beats).toBeGreaterThan(20)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('H2 upstream silent inside an event: holds the incomplete event and continues heartbeats', async () => {
    const beaten = gate()
    const { url } = await openProxy(
      [step.raw('data: 1\n\ndata: ha'), step.until(beaten.opened), step.raw('lf\n\n')],
      { heartbeat: { intervalMs: 10 } },
    )
    const client = rawTo(url, ask('/', 'GET', '1.1', 'connection: close\r\n'))
    await client.until(BEAT)
    expect(client.text).toContain('data: 1\n\n')
    expect(client.text).not.toContain('data: ha')
    beaten.open()
    await client.closed
    expect(client.text).toContain('data: half\n\n')
    expect(client.text).toMatch(LAST_CHUNK)
  })

  it('H3 form of a heartbeat: a comment block, another comment by option, never a field', async () => {
    for (const [frame, expected] of [
      [undefined, BEAT],
      [':\n\n', ':\n\n'],
      [':\n', ':\n'],
      ['comment-line', ': keepalive\n'],
      ['blank', '\n'],
    ] as const) {
      const { url } = await openProxy([step.status(200), step.hang()], {
        heartbeat: { intervalMs: 10, frame },
      })
      const client = rawTo(url)
      const length = expected.length.toString(16)
      await client.until(`\r\n${length}\r\n${expected}\r\n${length}\r\n${expected}\r\n`)
      client.socket.destroy()
    }
    for (const frame of ['data: ping\n\n', ': a\rdata: b\n\n', ': a\n\ndata: b\n\n', ': a', '']) {
      expect(() => sseProxy('http://up.test', { heartbeat: { frame } }), frame).toThrow(
        refusal(TypeError, 'frame'),
      )
    }
  })

  it("H4 heartbeat before the first byte: only after the upstream's headers", async () => {
    const heartbeat = { intervalMs: 10 }
    const never = await openProxy([step.never()], { heartbeat, timeouts: { headersMs: 100 } })
    const refused = rawTo(never.url, ask('/', 'GET', '1.1', 'connection: close\r\n'))
    await refused.closed
    expect(refused.text).toMatch(/^HTTP\/1\.1 504 /)
    expect(refused.text).not.toContain('keepalive')
    expect(await never.ended()).toMatchObject({ heartbeats: 0 })
    const { url } = await openProxy([step.status(200), step.hang()], { heartbeat })
    const accepted = rawTo(url)
    await accepted.until(BEAT)
    expect(accepted.text).toMatch(/^HTTP\/1\.1 200 /)
    accepted.socket.destroy()
  })

  it('H5 heartbeats are not activity: neither for upstream timeouts nor in its metrics', async () => {
    vi.useFakeTimers()
    const summaries: StreamSummary[] = []
    const fake = fakeUpstream([step.status(200), step.hang()])
    const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
      fetch: fake.fetch,
      heartbeat: { intervalMs: 100 },
      timeouts: { firstEventMs: 1_050 },
      onEnd: (summary) => summaries.push(summary),
    })
    const text = collect(response)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await text).text).toBe(BEAT.repeat(10))
    expect(summaries).toMatchObject([
      { verdict: 'timeout', phase: 'first_event', events: 0, bytesIn: 0, heartbeats: 10 },
    ])
    expect(summaries[0]).not.toHaveProperty('firstItemMs')
    expect(summaries[0]).not.toHaveProperty('firstEventMs')
    expect(summaries[0]).not.toHaveProperty('gaps')
  })

  it('H6 body that is coded or not an event stream: gets no heartbeats', async () => {
    vi.useFakeTimers()
    for (const headers of [
      { 'content-type': 'application/json' },
      { 'content-type': 'text/event-streams' },
      { 'content-type': 'text/event-stream', 'content-encoding': 'foo' },
    ]) {
      const fake = fakeUpstream([step.status(200, headers), step.wait(50_000), step.raw('{}')])
      const response = await proxyFetch(new Request('http://client.test/'), 'http://up.test', {
        fetch: fake.fetch,
      })
      const text = response.text()
      await vi.advanceTimersByTimeAsync(60_000)
      expect(await text).toBe('{}')
    }
  })
})
