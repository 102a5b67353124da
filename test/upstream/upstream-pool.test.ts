import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createUpstreamPool } from '../../src/upstream/upstream-pool.ts'
import { refusal } from '../support/refusal.ts'
import { bodyText } from './body-text.ts'

describe('createUpstreamPool', () => {
  it('keeps a connection for the next request, and closes it when it is closed', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const url = await upstream.listen()
    const pool = createUpstreamPool({}, 1_000)
    for (let turn = 0; turn < 5; turn++) await bodyText(await pool.fetch(url))
    // A body may be whole a moment before its connection is free.
    expect(upstream.connections).toBeLessThanOrEqual(2)
    await pool.close()
    await vi.waitFor(() => expect(upstream.connections).toBe(0))
  })

  it('breaks what is running when it is destroyed', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
    onTestFinished(() => upstream.close())
    const pool = createUpstreamPool({}, Infinity)
    const response = await pool.fetch(await upstream.listen())
    const text = bodyText(response)
    text.catch(() => {})
    await pool.destroy()
    await expect(text).rejects.toThrow()
    await upstream.requests[0]?.closed
  })

  it('closes idle connections after a while', async () => {
    const upstream = fakeUpstream([step.send({ data: '1' })])
    onTestFinished(() => upstream.close())
    const pool = createUpstreamPool({ keepAliveMs: 10 }, 1_000)
    await bodyText(await pool.fetch(await upstream.listen()))
    await vi.waitFor(() => expect(upstream.connections).toBe(0), { timeout: 10_000 })
    await pool.close()
  })

  it.each([
    ['connections', { connections: 0 }],
    ['connections', { connections: -1 }],
    ['connections', { connections: 1.5 }],
    ['keepAliveMs', { keepAliveMs: 0 }],
    ['keepAliveMs', { keepAliveMs: Number.NaN }],
  ])('refuses a wrong %s: %o', (name, options) => {
    expect(() => createUpstreamPool(options, 1_000)).toThrow(refusal(RangeError, name))
  })
})
