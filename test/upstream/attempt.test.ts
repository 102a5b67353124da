import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { SseKitError } from '../../src/base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../../src/base/upstream-network-error.ts'
import { attempt } from '../../src/upstream/attempt.ts'
import { RequestReplay } from '../../src/upstream/request-replay.ts'
import type { Timeouts } from '../../src/upstream/timeouts.ts'
import type { UpstreamCall } from '../../src/upstream/upstream-call.ts'
import { scriptedTarget } from '../support/upstream/open-call.ts'
import { type Reply, ScriptedTransport } from '../support/upstream/scripted-transport.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

interface Options {
  call?: Partial<UpstreamCall>
  body?: ReadableStream<Uint8Array>
  timeouts?: Partial<Timeouts>
  waitsForFirstEvent?: boolean
}

function start(
  reply: Reply,
  { call = {}, body, timeouts, waitsForFirstEvent = false }: Options = {},
) {
  const transport = new ScriptedTransport(reply)
  const aborter = new Aborter()
  const stopHeadersLimit = vi.fn()
  const head = () => ({ url: new URL('http://up.test/x'), headers: new Headers({ 'x-a': '1' }) })
  const result = attempt({
    call: { method: 'POST', body: null, head, ...call },
    target: scriptedTarget(transport, timeouts && { timeouts }),
    requestedAt: performance.now() - 50,
    aborter,
    stopHeadersLimit,
    replay: body && new RequestReplay(body, 100),
    waitsForFirstEvent,
    maxEventBytes: 1_000,
  })
  return { transport, aborter, stopHeadersLimit, result }
}

describe('attempt', () => {
  it('sends method, URL, headers and body, and returns the response with its times', async () => {
    const body = new Response('prompt').body as ReadableStream<Uint8Array>
    const { result, transport, stopHeadersLimit } = start(
      { readsBody: true, status: 201, afterMs: 100, chunks: ['data: 1\n\n'] },
      { body },
    )
    await vi.advanceTimersByTimeAsync(100)
    expect(await result).toMatchObject({
      wasSent: true,
      status: 201,
      headersMs: 150,
      response: { status: 201, isSse: true, headersMs: 150, firstEvent: undefined },
    })
    expect(transport.requests[0]).toMatchObject({
      method: 'POST',
      url: { href: 'http://up.test/x' },
      received: 'prompt',
    })
    expect(stopHeadersLimit).toHaveBeenCalled()
  })

  it('sends nothing where the request has no valid head', async () => {
    const refused = new SseKitError('SSE_BAD_REQUEST', 'dot segment')
    const { result, transport } = start(
      {},
      {
        call: {
          head: () => {
            throw refused
          },
        },
      },
    )
    expect(await result).toMatchObject({ error: refused, wasSent: false })
    expect(transport.requests).toEqual([])
  })

  it('sends nothing once it was aborted', async () => {
    const gone = new SseKitError('SSE_CLIENT_GONE', 'left')
    const aborted = new Aborter()
    aborted.abort(gone)
    const transport = new ScriptedTransport({})
    const head = vi.fn(() => ({ url: new URL('http://up.test/'), headers: new Headers() }))
    const result = await attempt({
      call: { method: 'GET', body: null, head },
      target: scriptedTarget(transport),
      requestedAt: 0,
      aborter: aborted,
      stopHeadersLimit: () => {},
      replay: undefined,
      waitsForFirstEvent: false,
      maxEventBytes: 1,
    })
    expect(result).toMatchObject({ error: gone, wasSent: false })
    expect(transport.requests).toEqual([])
  })

  it('returns the error of the transport, and stops the limit on the headers', async () => {
    const error = new UpstreamNetworkError(new Error('reset'))
    const { result, stopHeadersLimit } = start({ error })
    expect(await result).toEqual({ error, wasSent: true, status: undefined, headersMs: undefined })
    expect(stopHeadersLimit).toHaveBeenCalledTimes(1)
  })

  it('calls an upload that breaks a bad request, not a failure of the upstream', async () => {
    const broken = new Error('upload broke')
    const body = new ReadableStream<Uint8Array>({ pull: (stream) => stream.error(broken) })
    const { result } = start({ readsBody: true }, { body })
    expect(await result).toMatchObject({ error: { code: 'SSE_BAD_REQUEST', cause: broken } })
  })

  it.each([199, 600, 999])('refuses status %i and cancels its body', async (status) => {
    const { result, transport } = start({ status, chunks: ['x'], end: 'open' })
    expect(await result).toMatchObject({ error: { code: 'SSE_UPSTREAM_STATUS' }, status })
    expect(transport.requests[0]?.isCancelled).toBe(true)
  })

  it('cancels a response that comes although the attempt was aborted', async () => {
    const gone = new SseKitError('SSE_CLIENT_GONE', 'left')
    const { result, transport, aborter } = start({ chunks: [], end: 'open' })
    aborter.abort(gone)
    expect(await result).toMatchObject({ error: gone })
    expect(transport.requests[0]?.isCancelled).toBe(true)
  })

  it.each([
    ['an error status', { status: 503 }],
    ['a redirect', { status: 302 }],
    ['no body', { chunks: null }],
  ] as const)('does not wait for the first event of a response with %s', async (_, reply) => {
    const { result } = start({ end: 'open', ...reply }, { waitsForFirstEvent: true })
    expect((await result).response).toBeDefined()
  })

  it('returns the head with the error of a body that fails before its first event', async () => {
    const { result } = start({ chunks: [': hi\n\n'] }, { waitsForFirstEvent: true })
    expect(await result).toMatchObject({
      error: { code: 'SSE_UPSTREAM_NETWORK' },
      status: 200,
      headersMs: 50,
    })
  })

  it('limits the wait for the first event from the headers on', async () => {
    const { result, transport } = start(
      { afterMs: 900, end: 'open' },
      { waitsForFirstEvent: true, timeouts: { firstEventMs: 1_000, totalMs: 10_000 } },
    )
    await vi.advanceTimersByTimeAsync(1_899)
    expect(transport.requests[0]?.aborter.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await result).toMatchObject({ error: { phase: 'first_event', timeoutMs: 1_000 } })
    expect(transport.requests[0]?.aborter.aborted).toBe(true)
  })
})
