import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createUpstreamPool } from '../../src/upstream/upstream-pool.ts'

const { inits } = vi.hoisted(() => ({ inits: [] as (RequestInit | undefined)[] }))

vi.mock('undici', async (original) => {
  const undici = await original<typeof import('undici')>()
  const fetch: typeof undici.fetch = (url, init) => {
    inits.push(init as RequestInit)
    return undici.fetch(url, init)
  }
  return { ...undici, fetch }
})

// The tests for a 401 fail without it on undici 8.0.0, which is not among those that they run on.
it('asks without credentials of its own, as undici 8.0 refuses a 401 otherwise', async () => {
  const upstream = fakeUpstream([step.json(401, '{}')])
  onTestFinished(() => upstream.close())
  const pool = createUpstreamPool({}, 1_000)
  onTestFinished(() => pool.destroy())
  const body = new Response('{}').body
  const init = { method: 'POST', body, duplex: 'half', headers: { authorization: 'Bearer a' } }
  const response = await pool.fetch(await upstream.listen(), init as RequestInit)
  expect(response.status).toBe(401)
  expect(inits[0]?.credentials).toBe('omit')
  expect(upstream.requests[0]?.headers.get('authorization')).toBe('Bearer a')
})
