import { Budget, sseProxy } from 'sse-stream-kit'
import { prometheusText, StreamRegistry } from 'sse-stream-kit/metrics'
import { fakeUpstream, slowClient, step } from 'sse-stream-kit/testing'
import { describe, expect, it } from 'vitest'
import { settled } from '../support/settled.ts'
import { bytes } from '../support/sse/bytes.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { within } from '../support/within.ts'

watchRejections()

const EVENTS = 200
const frame = (proxy: string, index: number) => `data: ${proxy}${index} ${'x'.repeat(1_000)}\n\n`

function scripted(name: string) {
  return fakeUpstream(function* () {
    for (let index = 0; index < EVENTS; index++) yield step.raw(frame(name, index))
  })
}

describe('proxies that share a budget', () => {
  it('hold no more together than it says, and still deliver every byte', async () => {
    const budget = new Budget({ maxBytes: 50_000 })
    const registry = new StreamRegistry({ budget })
    const proxies = ['a', 'b'].map((name) => {
      const upstream = scripted(name)
      const proxy = sseProxy('http://up.test', {
        fetch: upstream.fetch,
        budget,
        metrics: registry.sink(name),
        heartbeat: false,
      })
      return { name, proxy, expected: '' }
    })
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (proxies[index % 2] as (typeof proxies)[0]).proxy(new Request('http://proxy.test/')),
      ),
    )
    await settled()
    expect(budget.streams).toBe(20)
    expect(budget.heldBytes).toBeGreaterThan(40_000)
    // 20 streams without it would hold 20 times 64 KiB.
    expect(budget.heldBytes).toBeLessThan(50_000 + 20 * 1_100)
    const exposed = prometheusText(registry)
    expect(exposed).toContain(`\nsse_held_bytes ${budget.heldBytes}\n`)
    expect(exposed).toContain('\nsse_held_bytes_limit 50000\n')
    const texts = await Promise.all(responses.map((response) => response.text()))
    for (const [index, text] of texts.entries()) {
      const name = proxies[index % 2]?.name ?? ''
      const whole = Array.from({ length: EVENTS }, (_, event) => frame(name, event)).join('')
      expect(text === whole, `stream ${index}`).toBe(true)
    }
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
    expect(prometheusText(registry)).toContain('\nsse_held_bytes 0\n')
  })

  it('pause the upstream of the client that reads nothing, not that of the one that reads', async () => {
    const budget = new Budget({ maxBytes: 10_000 })
    const upstream = scripted('a')
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, budget, heartbeat: false })
    const ask = () => proxy(new Request('http://proxy.test/'))
    const stalled = await ask()
    await settled()
    const takenBefore = upstream.requests[0]?.bytesTaken
    const client = slowClient(await ask())
    expect(await within('end of the response', client.verdict)).toBe('complete')
    expect(client.bytesReceived).toBe(
      Array.from({ length: EVENTS }, (_, event) => bytes(frame('a', event)).length).reduce(
        (sum, length) => sum + length,
      ),
    )
    expect(upstream.requests[0]?.bytesTaken).toBe(takenBefore)
    await stalled.body?.cancel()
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it.each([
    ['a client leaves', [step.raw(frame('a', 0)), step.hang()]],
    ['an upstream is cut', [step.raw(frame('a', 0)), step.cut()]],
  ])('have it back when %s', async (_, steps) => {
    const budget = new Budget({ maxBytes: 10_000 })
    const upstream = fakeUpstream(steps)
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch, budget })
    const response = await proxy(new Request('http://proxy.test/'))
    await settled()
    expect(budget.streams).toBe(1)
    await response.body?.cancel()
    await settled()
    expect(budget).toMatchObject({ heldBytes: 0, streams: 0 })
  })

  it('refuse what is no budget', () => {
    expect(() => sseProxy('http://up.test', { budget: { maxBytes: 1 } as never })).toThrow(
      'budget must be a Budget: got an object',
    )
  })
})

describe('a registry without a budget', () => {
  it('shows no such figure', () => {
    expect(prometheusText(new StreamRegistry())).not.toContain('held_bytes')
  })
})
