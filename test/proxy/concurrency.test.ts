import { disconnectAfter, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { expect, it, vi } from 'vitest'
import { openProxy } from '../support/http/open-proxy.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { seededRandom } from '../support/seeded-random.ts'

const STREAMS = 200

it('serves 200 streams at once, of which half leave at random, and mixes none of them up', async () => {
  const random = seededRandom(42)
  const streams = Array.from({ length: STREAMS }, (_, id) => {
    const lengths = Array.from({ length: 12 }, () => Math.floor(random() * 400))
    const events = lengths.map((length, n) => `data: ${id}/${n} ${'é'.repeat(length)}\n\n`)
    const waits = lengths.map(() => Math.floor(random() * 5))
    const leavesAfter = id % 2 === 0 ? undefined : Math.floor(random() * 10)
    const cuts = lengths.map(() => Math.floor(random() * 20))
    return { events, waits, cuts, leavesAfter }
  })
  const { url, proxy, upstream, summaries } = await openProxy(function* (request) {
    const stream = streams[Number(request.url.slice(1))]
    if (stream === undefined) return
    for (const [n, event] of stream.events.entries()) {
      const bytes = new TextEncoder().encode(event)
      yield step.wait(stream.waits[n] ?? 0)
      // Often inside of an event, and of a character.
      yield step.raw(bytes.subarray(0, stream.cuts[n]))
      yield step.raw(bytes.subarray(stream.cuts[n]))
    }
    // Those that leave find no end, so that they are gone for sure.
    if (stream.leavesAfter !== undefined) yield step.hang() satisfies UpstreamStep
  })

  await Promise.all(
    streams.map(async ({ events, leavesAfter }, id) => {
      if (leavesAfter === undefined) {
        const response = await fetch(`${url}/${id}`, { method: 'POST', body: `prompt ${id}` })
        expect(await response.text()).toBe(events.join(''))
      } else {
        const left = await disconnectAfter(`${url}/${id}`, {
          events: leavesAfter,
          body: `prompt ${id}`,
        })
        expect(left.verdict).toBe('cancelled')
      }
    }),
  )
  await Promise.all(upstream.requests.map(requestClosed))
  await vi.waitFor(() => expect(proxy.metrics.active).toBe(0))
  expect(upstream.requests).toHaveLength(STREAMS)
  for (const request of upstream.requests) {
    expect(await request.text()).toBe(`prompt ${request.url.slice(1)}`)
  }
  expect(proxy.metrics.ended).toMatchObject({ complete: STREAMS / 2, client_gone: STREAMS / 2 })
  expect(summaries.filter(({ verdict }) => verdict === 'complete')).toHaveLength(STREAMS / 2)
  for (const { verdict, events } of summaries) if (verdict === 'complete') expect(events).toBe(12)
  await proxy.close()
  await vi.waitFor(() => expect(upstream.connections).toBe(0))
}, 60_000)
