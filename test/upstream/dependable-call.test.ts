import { describe, expect, it, vi } from 'vitest'
import { SseKitError } from '../../src/base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../../src/base/upstream-network-error.ts'
import { type CallPolicy, CircuitBreaker } from '../../src/upstream/circuit-breaker.ts'
import { settled } from '../support/settled.ts'
import { openCall } from '../support/upstream/open-call.ts'
import type { Reply } from '../support/upstream/scripted-transport.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

const GONE = new SseKitError('SSE_CLIENT_GONE', 'left')
const NETWORK = new UpstreamNetworkError(new Error('reset'))
const EVENT = 'data: 1\n\n'
const SERVED: Reply = { chunks: [EVENT], end: 'open' }
const BUSY: Reply = { status: 503, headers: { 'retry-after': '1' }, chunks: ['{}'] }
const SILENT: Reply = { afterMs: Infinity }

/** Advances the clock in small steps, so that each timer sees the promises of the one before. */
async function advance(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    await settled()
    await vi.advanceTimersByTimeAsync(Math.min(50, left))
  }
  await settled()
}

const upload = (text: string) => new Response(text).body as ReadableStream<Uint8Array>

describe('a dependable call', () => {
  it('returns a response with its trace', async () => {
    const { result } = openCall({ upstreams: [{ ...SERVED, afterMs: 200 }] })
    await advance(200)
    expect(await result).toMatchObject({
      response: { status: 200, isSse: true },
      trace: { attempts: 1, upstream: 0, upstreamStatus: 200, headersMs: 200 },
    })
  })

  it('does not wait for the first event with one upstream and one attempt', async () => {
    const { result } = openCall({ upstreams: [{ chunks: [], end: 'open' }] })
    expect((await result).response?.status).toBe(200)
  })

  it('waits for the first event where there is something to fall back on', async () => {
    const { result, requests } = openCall({ upstreams: [{ chunks: [], end: 'open' }, SERVED] })
    await settled()
    requests[0]?.[0]?.responseBody?.push(new TextEncoder().encode(EVENT))
    expect(await result).toMatchObject({ trace: { attempts: 1, upstream: 0 } })
  })

  it('tries again after the delay, then falls back', async () => {
    const { result, counts } = openCall({
      upstreams: [{ error: NETWORK }, [BUSY, SERVED]],
      settings: { attempts: 2 },
    })
    await advance(950)
    expect(counts()).toEqual([1, 1])
    await advance(50)
    expect(await result).toMatchObject({
      response: { status: 200 },
      trace: { attempts: 4, upstream: 1, upstreamStatus: 200 },
    })
  })

  it('sends nothing where the request has no valid head', async () => {
    const error = new SseKitError('SSE_BAD_REQUEST', 'dot segment')
    const { result, counts } = openCall({
      upstreams: [SERVED, SERVED],
      head: () => {
        throw error
      },
    })
    expect(await result).toMatchObject({ error, trace: { attempts: 0, upstream: 0 } })
    expect(counts()).toEqual([0, 0])
  })

  it('returns a response that comes too slowly to be buffered where no time is left', async () => {
    const { result } = openCall({
      upstreams: [{ ...BUSY, chunks: ['x'.repeat(70_000)], end: 'open' }],
      settings: { attempts: 2 },
      timeouts: { totalMs: 500 },
    })
    expect((await result).response?.status).toBe(503)
  })
})

describe('the limits of a dependable call', () => {
  it.each([
    ['headers', { headersMs: 300 }, SILENT, 300],
    ['total', { headersMs: 300, totalMs: 200 }, SILENT, 200],
    ['first_event', { firstEventMs: 300 }, { afterMs: 100, end: 'open' }, 400],
    ['total', { firstEventMs: 300, totalMs: 350 }, { afterMs: 100, end: 'open' }, 350],
  ] as const)('end the phase %s of %o', async (phase, timeouts, reply, ms) => {
    const { result, requests } = openCall({
      upstreams: [reply],
      timeouts,
      settings: { attempts: 2, isRetried: () => false, retryDelayMs: () => Infinity },
    })
    await advance(ms - 1)
    expect(requests[0]?.[0]?.aborter.aborted).toBe(false)
    await advance(1)
    expect(await result).toMatchObject({ error: { code: 'SSE_UPSTREAM_TIMEOUT', phase } })
    expect(requests[0]?.[0]?.aborter.aborted).toBe(true)
  })

  it('give every attempt its own headersMs, and all together totalMs', async () => {
    const { result, counts } = openCall({
      upstreams: [SILENT],
      settings: { attempts: 10, retryDelayMs: () => 0 },
      timeouts: { headersMs: 400, totalMs: 1_000 },
    })
    await advance(1_000)
    expect(await result).toMatchObject({ error: { phase: 'total' }, trace: { attempts: 3 } })
    expect(counts()).toEqual([3])
  })

  it('do not end a response once it was returned', async () => {
    const { result, requests } = openCall({
      upstreams: [SERVED, SERVED],
      timeouts: { headersMs: 300, firstEventMs: 300, totalMs: 300 },
    })
    await result
    await advance(1_000)
    expect(requests[0]?.[0]?.aborter.aborted).toBe(false)
  })

  it.each([
    ['headers', { headersMs: 300 }],
    ['total', { headersMs: 400, totalMs: 300 }],
  ])('end a policy that never calls and never settles, by %s', async (phase, timeouts) => {
    const never: CallPolicy = { execute: () => new Promise(() => {}) }
    const { result, counts } = openCall({ upstreams: [SERVED], policy: never, timeouts })
    await advance(300)
    expect(await result).toMatchObject({ error: { phase }, trace: { attempts: 0 } })
    expect(counts()).toEqual([0])
  })

  it('let a policy that delays its call spend the same headersMs', async () => {
    const delaying: CallPolicy = {
      execute: async (call) => {
        await new Promise((resolve) => setTimeout(resolve, 200))
        return call({ signal: new AbortController().signal })
      },
    }
    const { result } = openCall({
      upstreams: [SILENT],
      policy: delaying,
      timeouts: { headersMs: 300 },
    })
    await advance(300)
    expect(await result).toMatchObject({ error: { phase: 'headers' }, trace: { attempts: 1 } })
  })

  it('lead to the next upstream where the policy of the first delays its call', async () => {
    let calls = 0
    const first: CallPolicy = {
      execute: (call) =>
        calls++ === 0
          ? new Promise(() => {})
          : Promise.resolve(call({ signal: new AbortController().signal })),
    }
    const { result, counts } = openCall({
      upstreams: [SERVED, SERVED],
      policy: first,
      timeouts: { headersMs: 300 },
    })
    await advance(300)
    expect(await result).toMatchObject({ response: { status: 200 }, trace: { upstream: 1 } })
    expect(counts()).toEqual([0, 1])
  })

  it('do not count against the breaker where they were over before the request', async () => {
    const breaker = new CircuitBreaker({ failures: 1 })
    const { result } = openCall({ upstreams: [SERVED], policy: breaker, timeouts: { totalMs: 0 } })
    expect(await result).toMatchObject({ error: { phase: 'total' }, trace: { attempts: 0 } })
    await expect(breaker.execute(async () => 'admitted')).resolves.toBe('admitted')
  })
})

describe('a client that leaves', () => {
  it.each([
    ['before the headers', [SILENT], 1],
    ['before the first event', [{ chunks: [': hi\n\n'], end: 'open' } satisfies Reply], 1],
    ['during the delay', [BUSY], 1],
  ])('ends the call %s', async (_, upstreams, attempts) => {
    const { result, context, requests } = openCall({ upstreams, settings: { attempts: 2 } })
    await advance(100)
    context.abort(GONE)
    expect(await result).toMatchObject({ error: GONE, trace: { attempts } })
    await settled()
    expect(requests[0]).toHaveLength(1)
  })

  it('ends the call while a failed response is still being buffered, whose socket closes', async () => {
    const { result, context, requests } = openCall({
      upstreams: [{ status: 503, headers: {}, end: 'open' }, { error: NETWORK }],
    })
    await advance(100)
    context.abort(GONE)
    expect(await result).toMatchObject({ error: GONE, trace: { attempts: 2 } })
    expect(requests[0]?.[0]?.isCancelled).toBe(true)
  })

  it('ends the call while a policy delays it', async () => {
    const { result, context, counts } = openCall({
      upstreams: [SERVED],
      policy: { execute: () => new Promise(() => {}) },
    })
    await settled()
    context.abort(GONE)
    expect(await result).toMatchObject({ error: GONE, trace: { attempts: 0 } })
    expect(counts()).toEqual([0])
  })

  it('cancels the request body', async () => {
    const cancel = vi.fn()
    const body = new ReadableStream<Uint8Array>({ cancel })
    const { result, context } = openCall({ upstreams: [{ readsBody: true }], method: 'POST', body })
    await settled()
    context.abort(GONE)
    await result
    expect(cancel).toHaveBeenCalledWith(GONE)
  })
})

describe('the request body of a dependable call', () => {
  it.each([
    ['a stream', () => upload('prompt')],
    ['bytes', () => new TextEncoder().encode('prompt')],
  ])('is sent to each attempt from its beginning, as %s', async (_, body) => {
    const { result, requests } = openCall({
      upstreams: [
        { error: NETWORK, readsBody: true },
        [
          { ...BUSY, readsBody: true },
          { ...SERVED, readsBody: true },
        ],
      ],
      settings: { attempts: 2 },
      method: 'POST',
      body: body(),
    })
    await advance(1_000)
    await result
    expect(requests.flat().map(({ received }) => received)).toEqual(Array(4).fill('prompt'))
  })

  it.each([
    ['a stream', () => upload('prompt')],
    ['bytes', () => new TextEncoder().encode('prompt')],
  ])('is sent once where it is too long to be sent again, as %s', async (_, body) => {
    const { result, counts } = openCall({
      upstreams: [{ ...BUSY, readsBody: true }, SERVED],
      settings: { attempts: 5, replayBodyBytes: 5 },
      method: 'POST',
      body: body(),
    })
    expect((await result).response?.status).toBe(503)
    expect(counts()).toEqual([1, 0])
  })

  it('that breaks is a bad request, also with a single attempt', async () => {
    const broken = new Error('upload broke')
    const body = new ReadableStream<Uint8Array>({ pull: (stream) => stream.error(broken) })
    const breaker = new CircuitBreaker({ failures: 1 })
    const call = { upstreams: [{ readsBody: true }], method: 'POST', body, policy: breaker }
    expect(await openCall(call).result).toMatchObject({
      error: { code: 'SSE_BAD_REQUEST', cause: broken },
    })
    await expect(breaker.execute(async () => 'admitted')).resolves.toBe('admitted')
  })

  it('is cancelled where the call fails', async () => {
    const cancel = vi.fn()
    const body = new ReadableStream<Uint8Array>({ cancel })
    const { result } = openCall({ upstreams: [{ error: NETWORK }], method: 'POST', body })
    await result
    expect(cancel).toHaveBeenCalledWith(NETWORK)
  })
})

describe('a policy around a dependable call', () => {
  it('leaves no timer where it refuses', async () => {
    const refusing: CallPolicy = { execute: () => Promise.reject(new Error('isolated')) }
    const { result } = openCall({ upstreams: [SERVED], policy: refusing })
    expect(await result).toMatchObject({ error: { code: 'SSE_CIRCUIT_OPEN' } })
  })

  it('gets one execute per attempt', async () => {
    const execute = vi.fn<CallPolicy['execute']>(async (call) =>
      call({ signal: new AbortController().signal }),
    )
    const { result, counts } = openCall({
      upstreams: [BUSY, [{ error: NETWORK }, SERVED]],
      settings: { attempts: 2 },
      policy: { execute },
    })
    await advance(1_000)
    expect(await result).toMatchObject({ response: { status: 200 }, trace: { attempts: 4 } })
    expect(execute).toHaveBeenCalledTimes(4)
    expect(counts()).toEqual([2, 2])
  })
})
