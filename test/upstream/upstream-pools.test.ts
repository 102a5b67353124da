import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { UpstreamPools } from '../../src/upstream/upstream-pools.ts'
import { refusal } from '../support/refusal.ts'
import { bodyText } from './body-text.ts'

describe('pools', () => {
  it('are one for each limit on connecting', () => {
    const pools = new UpstreamPools({}, 1_000)
    expect(pools.fetchFor(1_000)).toBe(pools.fetchFor(1_000))
    expect(pools.fetchFor(2_000)).not.toBe(pools.fetchFor(1_000))
  })

  it('refuse wrong options before anybody is asked', () => {
    expect(() => new UpstreamPools({ connections: 0 }, 1_000)).toThrow(
      refusal(RangeError, 'connections'),
    )
  })

  it('are all closed together', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const url = await upstream.listen()
    const pools = new UpstreamPools({}, 1_000)
    for (const connectMs of [1_000, 2_000]) await bodyText(await pools.fetchFor(connectMs)(url))
    expect(upstream.connections).toBe(2)
    await pools.destroy()
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
    await upstream.close()
  })
})

describe('connectMs of one upstream', () => {
  it('stands for that of the proxy', async () => {
    // Takes connections and never speaks TLS on them.
    const mute = createServer()
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    const upstream = fakeUpstream([step.send({ data: 'served' })])
    const summaries: { attempts: number; upstream: number }[] = []
    const proxy = sseProxy(
      [
        {
          url: `https://127.0.0.1:${(mute.address() as AddressInfo).port}`,
          timeouts: { connectMs: 50 },
        },
        await upstream.listen(),
      ],
      { timeouts: { connectMs: 60_000 }, onEnd: (summary) => summaries.push(summary) },
    )
    onTestFinished(async () => {
      await proxy.close({ drainMs: 0 })
      await upstream.close()
      mute.close()
    })
    const response = await proxy(new Request('http://proxy.test/'))
    expect(await response.text()).toBe('data: served\n\n')
    expect(summaries).toMatchObject([{ upstream: 1, attempts: 2 }])
  })
})
