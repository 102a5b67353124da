import { type AddressInfo, createServer } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { Agent } from 'undici'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { UpstreamPool } from '../../src/transport/upstream-pool.ts'
import { requestClosed } from '../support/http/request-closed.ts'
import { bodyText } from './open-transport.ts'

const aborter = new Aborter()
const call = (url: string) => ({
  url: new URL(url),
  method: 'GET',
  headers: new Headers(),
  body: null,
  aborter,
})

describe('UpstreamPool', () => {
  it('keeps a connection for the next request, and closes it when it is destroyed', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const url = await upstream.listen()
    const pool = new UpstreamPool()
    for (let turn = 0; turn < 5; turn++) {
      await bodyText((await pool.transport(1_000).send(call(url))).body)
    }
    // A body may be whole a moment before its connection is free.
    expect(upstream.connections).toBeLessThanOrEqual(2)
    await pool.destroy()
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
  })

  it('breaks what is running when it is destroyed', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    onTestFinished(() => upstream.close())
    const pool = new UpstreamPool()
    const { body } = await pool.transport(Infinity).send(call(await upstream.listen()))
    const text = bodyText(body)
    text.catch(() => {})
    await pool.destroy()
    await expect(text).rejects.toMatchObject({ code: 'SSE_UPSTREAM_NETWORK' })
    await requestClosed(upstream.requests[0])
  })

  it('closes idle connections after a while', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const pool = new UpstreamPool({ keepAliveMs: 10 })
    onTestFinished(() => pool.destroy())
    await bodyText((await pool.transport(1_000).send(call(await upstream.listen()))).body)
    await vi.waitFor(() => expect(upstream.connections).toBe(0), { timeout: 10_000 })
  })

  it('has one transport for each limit on connecting, and closes all of them', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const url = await upstream.listen()
    const pool = new UpstreamPool()
    expect(pool.transport(1_000)).toBe(pool.transport(1_000))
    for (const connectMs of [1_000, 2_000]) {
      await bodyText((await pool.transport(connectMs).send(call(url))).body)
    }
    expect(upstream.connections).toBe(2)
    await pool.destroy()
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
  })

  it.each([
    ['connections', { connections: 0 }],
    ['connections', { connections: -1 }],
    ['connections', { connections: 1.5 }],
    ['keepAliveMs', { keepAliveMs: 0 }],
    ['keepAliveMs', { keepAliveMs: Number.NaN }],
  ])('refuses a wrong %s: %o', (name, options) => {
    expect(() => new UpstreamPool(options)).toThrow(RangeError)
    expect(() => new UpstreamPool(options)).toThrow(name)
  })
})

describe('sseProxy', () => {
  it('makes no pool where it has a fetch of its own', async () => {
    const made = vi.spyOn(UpstreamPool.prototype, 'transport')
    onTestFinished(() => made.mockRestore())
    const upstream = fakeUpstream([step.send({ data: '1' })])
    const proxy = sseProxy('http://up.test', { fetch: upstream.fetch })
    expect(await (await proxy(new Request('http://proxy.test/'))).text()).toBe('data: 1\n\n')
    await proxy.close()
    expect(made).not.toHaveBeenCalled()
  })

  it('closes its pool, and not a dispatcher that was given to it', async () => {
    const agent = new Agent()
    onTestFinished(() => agent.destroy())
    const proxy = sseProxy('http://up.test', { dispatcher: agent })
    await proxy.close()
    expect(agent.destroyed).toBe(false)
  })

  it('lets connectMs of one upstream stand for that of the proxy', async () => {
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
