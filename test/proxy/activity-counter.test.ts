import { type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { settled } from '../support/settled.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const PING = step.send({ event: 'ping', data: '{"type":"ping"}' })

async function stall(sign: UpstreamStep, options: ProxyOptions) {
  const upstream = fakeUpstream(function* () {
    yield step.send({ event: 'message_start', data: '{}' })
    for (;;) yield* [step.wait(1_000), sign]
  })
  const onEnd = vi.fn()
  const proxy = sseProxy('http://up.test', {
    fetch: upstream.fetch,
    heartbeat: false,
    onEnd,
    ...options,
  })
  const client = new AbortController()
  const response = await proxy(new Request('http://proxy.test/', { signal: client.signal }))
  let text = ''
  const reading = (async () => {
    const utf8 = new TextDecoder()
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += utf8.decode(chunk)
    }
  })().catch((error: unknown) => error)
  for (let second = 0; second < 10; second++) {
    await vi.advanceTimersByTimeAsync(1_000)
    await settled()
  }
  const summaries = onEnd.mock.calls.map(([summary]) => summary)
  client.abort()
  await reading
  expect(vi.getTimerCount()).toBe(0)
  return { summaries, text }
}

describe('a model that stalls behind a gateway that does not', () => {
  it.each([
    ['comments', step.comment('OPENROUTER PROCESSING')],
    ['pings with data', PING],
    ['pings without data', step.raw('event: ping\n\n')],
    ['blank lines', step.raw('\n')],
  ])('is noticed with idleCounts "events", whatever it sends: %s', async (_, sign) => {
    const { summaries, text } = await stall(sign, {
      timeouts: { idleMs: 3_500, idleCounts: 'events' },
    })
    expect(summaries).toMatchObject([{ verdict: 'timeout', phase: 'idle' }])
    expect(summaries[0].durationMs).toBeLessThan(4_500)
    expect(text.startsWith('event: message_start\ndata: {}\n\n')).toBe(true)
  })

  it.each([
    ['comments', step.comment('OPENROUTER PROCESSING')],
    ['pings', PING],
  ])('is not, with idleCounts "bytes": %s', async (_, sign) => {
    const { summaries } = await stall(sign, { timeouts: { idleMs: 3_500 } })
    expect(summaries).toEqual([])
  })

  it('is none while events come', async () => {
    const { summaries, text } = await stall(step.send({ data: 'token' }), {
      timeouts: { idleMs: 3_500, idleCounts: 'events' },
    })
    expect(summaries).toEqual([])
    expect(text.match(/token/g)?.length).toBeGreaterThan(8)
  })
})
