import { describe, expect, it } from 'vitest'
import { withCors } from '../../../src/cli/proxy/with-cors.ts'

const APP = 'https://app.example'
const EVIL = 'https://evil.example'

/** What a browser gets, and how often the handler was called. */
async function ask(
  origins: readonly string[],
  headers: Record<string, string>,
  method = 'POST',
): Promise<{ status: number; headers: Record<string, string>; calls: number }> {
  let calls = 0
  const handler = withCors(() => {
    calls++
    const sent = { 'access-control-allow-origin': 'https://upstream.example', 'x-request-id': '7' }
    return new Response('data: 1\n\n', { headers: sent })
  }, origins)
  const response = await handler(new Request('http://127.0.0.1/v1', { method, headers }))
  return { status: response.status, headers: Object.fromEntries(response.headers), calls }
}

const preflight = (origin: string): Record<string, string> => ({
  origin,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type',
})

describe('withCors', () => {
  it('answers a preflight itself', async () => {
    expect(await ask([APP], preflight(APP), 'OPTIONS')).toEqual({
      status: 204,
      calls: 0,
      headers: {
        'access-control-allow-origin': APP,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'authorization,content-type',
        'access-control-max-age': '600',
        vary: 'Access-Control-Request-Method, Access-Control-Request-Headers, Origin',
      },
    })
  })

  it("replaces the upstream's headers of a response", async () => {
    const { status, headers, calls } = await ask([EVIL, APP], { origin: APP })
    expect([status, calls]).toEqual([200, 1])
    expect(headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    expect(headers['access-control-expose-headers']).toContain('x-request-id')
  })

  it('allows no credentials with *', async () => {
    for (const [given, method] of [
      [{ origin: APP }, 'POST'],
      [preflight(APP), 'OPTIONS'],
    ] as const) {
      const { headers } = await ask(['*'], given, method)
      expect(headers['access-control-allow-origin']).toBe('*')
      expect(headers).not.toHaveProperty('access-control-allow-credentials')
    }
  })

  it.each(['POST', 'OPTIONS'])(
    'refuses another origin without calling the handler: %s',
    async (method) => {
      const { status, headers, calls } = await ask([APP], preflight(EVIL), method)
      expect([status, calls, headers]).toEqual([403, 0, { vary: 'Origin' }])
    },
  )

  it('serves requests without an origin', async () => {
    const { status, headers, calls } = await ask([APP], {})
    expect([status, calls]).toEqual([200, 1])
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('forwards an OPTIONS request that is not a preflight', async () => {
    expect((await ask([APP], { origin: APP }, 'OPTIONS')).calls).toBe(1)
  })

  it('returns the handler unchanged without origins', async () => {
    const { headers } = await ask([], { origin: EVIL })
    expect(headers['access-control-allow-origin']).toBe('https://upstream.example')
  })
})
