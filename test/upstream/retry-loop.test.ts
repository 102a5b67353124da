import { describe, expect, it, vi } from 'vitest'
import { CircuitOpenError } from '../../src/base/circuit-open-error.ts'
import { SseKitError } from '../../src/base/sse-kit-error.ts'
import { SseLimitError } from '../../src/base/sse-limit-error.ts'
import { UpstreamNetworkError } from '../../src/base/upstream-network-error.ts'
import { UpstreamTimeoutError } from '../../src/base/upstream-timeout-error.ts'
import { CallContext } from '../../src/upstream/call-context.ts'
import { FirstEvent } from '../../src/upstream/first-event.ts'
import { RetryLoop } from '../../src/upstream/retry-loop.ts'
import type { AttemptResult, CallResult, CallSettings } from '../../src/upstream/upstream-call.ts'
import type { UpstreamTarget } from '../../src/upstream/upstream-target.ts'
import { scriptedTarget } from '../support/upstream/open-call.ts'
import { ScriptedTransport } from '../support/upstream/scripted-transport.ts'
import { watchRejections } from '../support/watch-rejections.ts'
import { watchTimers } from '../support/watch-timers.ts'

watchTimers()
watchRejections()

const NETWORK = new UpstreamNetworkError(new Error('reset'))
const OPEN = (ms: number) => new CircuitOpenError(ms)

/** An error, or the status and `Retry-After` of a response. */
type Outcome = Error | number | readonly [status: number, retryAfter: string]

interface Options extends Partial<CallSettings> {
  totalMs?: number
}

/** Runs a loop whose attempts end as the script says: one list per round, one outcome per upstream. */
function run(
  rounds: readonly (readonly Outcome[])[],
  { totalMs = Infinity, ...settings }: Options = {},
) {
  const context = new CallContext()
  const targets = (rounds[0] ?? []).map((_, index) =>
    scriptedTarget(new ScriptedTransport({}), { index, timeouts: { totalMs } }),
  )
  const asked: string[] = []
  const delays: unknown[] = []
  const firstEvents: FirstEvent[] = []
  const attemptAt = async (target: UpstreamTarget): Promise<AttemptResult> => {
    const round = asked.filter((place) => place.startsWith(`${target.index}`)).length
    asked.push(`${target.index}.${round}`)
    const outcome = rounds[round]?.[target.index]
    if (outcome === undefined) throw new Error('Not in the script')
    if (outcome instanceof Error) {
      return { error: outcome, wasSent: !(outcome instanceof CircuitOpenError) }
    }
    const [status, retryAfter] = typeof outcome === 'number' ? [outcome] : outcome
    const headers = new Headers(retryAfter === undefined ? {} : { 'retry-after': retryAfter })
    const firstEvent = new FirstEvent()
    firstEvents.push(firstEvent)
    const body = new Response(`${target.index}.${round}`).body
    const head = { status, statusText: '', headers, headersMs: asked.length }
    const response = { ...head, body, target, isSse: false, firstEvent }
    return { response, wasSent: true, status, headersMs: asked.length }
  }
  const isFailed = (status: number): boolean => status >= 500 || status === 429
  const loop = new RetryLoop({
    context,
    replay: undefined,
    isReplayable: () => true,
    attemptAt,
    settings: {
      attempts: rounds.length,
      retryDelayMs: (round, retryAfterMs) => {
        delays.push([round, retryAfterMs])
        return retryAfterMs ?? 1_000
      },
      isRetried: isFailed,
      isFallenBack: isFailed,
      isFailure: isFailed,
      replayBodyBytes: 0,
      maxEventBytes: 1,
      ...settings,
    },
  })
  const result = loop.run(targets)
  return { loop, context, asked, delays, firstEvents, result }
}

async function shown({ result }: { result: Promise<CallResult> }): Promise<unknown> {
  await vi.advanceTimersByTimeAsync(60_000)
  const { trace, response, ...failed } = await result
  if (response === undefined) return { trace, ...failed }
  const body = await new Response(response.body as ReadableStream<Uint8Array>).text()
  return { trace, status: response.status, body }
}

describe('a retry loop', () => {
  it('returns the first response without a failure', async () => {
    const loop = run([[503, 200, 200]])
    expect(await shown(loop)).toEqual({
      status: 200,
      body: '1.0',
      trace: { attempts: 2, upstream: 1, upstreamStatus: 200, headersMs: 2 },
    })
    expect(loop.asked).toEqual(['0.0', '1.0'])
  })

  it('tries all upstreams again after a delay', async () => {
    const loop = run([
      [503, NETWORK],
      [503, 200],
    ])
    await vi.advanceTimersByTimeAsync(999)
    expect(loop.asked).toEqual(['0.0', '1.0'])
    expect(await shown(loop)).toMatchObject({ body: '1.1', trace: { attempts: 4, upstream: 1 } })
  })

  it.each([
    [
      'the shortest Retry-After of a round',
      [
        [429, '9'],
        [503, '4'],
      ],
      4_000,
    ],
    ['none where no upstream names a delay', [503, NETWORK], undefined],
    ['that of the one upstream that names it', [[429, '9'], NETWORK], 9_000],
  ] as const)('computes the delay from %s', async (_, first, retryAfterMs) => {
    const loop = run([first, [200, 200]])
    await shown(loop)
    expect(loop.delays).toEqual([[1, retryAfterMs]])
  })

  it('uses one rule for the next upstream and one for the next round', async () => {
    const rules = { isFallenBack: (status: number) => status === 404, isRetried: () => false }
    expect(await shown(run([[404, 503], []], rules))).toMatchObject({ status: 503, body: '1.0' })
    expect(await shown(run([[503, 200]], rules))).toMatchObject({ status: 503, body: '0.0' })
  })

  it.each([
    ['the client left', new SseKitError('SSE_CLIENT_GONE', 'left')],
    ['the request is bad', new SseKitError('SSE_BAD_REQUEST', 'bad')],
    ['the whole request timed out', new UpstreamTimeoutError('total', 5)],
    ['there is a bug', new TypeError('bug')],
  ])('stops where %s', async (_, error) => {
    const loop = run([[error, 200]])
    expect(await shown(loop)).toEqual({ error, trace: { attempts: 1, upstream: 0 } })
    expect(loop.asked).toEqual(['0.0'])
  })

  it.each([
    NETWORK,
    new UpstreamTimeoutError('headers', 5),
    new UpstreamTimeoutError('first_event', 5),
    new UpstreamTimeoutError('connect', 5),
    new SseLimitError('maxEventBytes', 10, 11),
    OPEN(5),
  ])('goes on after %s', async (error) => {
    expect(await shown(run([[error, 200]]))).toMatchObject({ body: '1.0' })
  })

  it('returns the last response, with its own trace, where all of them failed', async () => {
    expect(await shown(run([[500, 502]]))).toMatchObject({
      body: '1.0',
      trace: { attempts: 2, upstream: 1, upstreamStatus: 502, headersMs: 2 },
    })
  })

  it('returns an earlier response rather than a later error', async () => {
    expect(await shown(run([[500, 502, NETWORK]]))).toMatchObject({
      status: 502,
      body: '1.0',
      trace: { attempts: 3, upstream: 1, upstreamStatus: 502, headersMs: 2 },
    })
  })

  it('returns the last error where there was no response', async () => {
    const other = new UpstreamNetworkError(new Error('other'))
    expect(await shown(run([[NETWORK, other]]))).toMatchObject({
      error: other,
      trace: { attempts: 2, upstream: 1 },
    })
  })

  it.each([
    ['a failure rather than a refusal', [NETWORK, OPEN(5)], NETWORK.message, 0],
    ['the shortest refusal', [OPEN(900), OPEN(300), OPEN(600)], OPEN(300).message, 1],
  ])('returns %s', async (_, round, message, upstream) => {
    expect(await shown(run([round]))).toMatchObject({ error: { message }, trace: { upstream } })
  })

  it('makes no other round where every circuit is open', async () => {
    const loop = run([[OPEN(5), OPEN(6)], [200]])
    expect(await shown(loop)).toMatchObject({ error: { retryAfterMs: 5 }, trace: { attempts: 0 } })
    expect(loop.asked).toHaveLength(2)
  })

  it.each([
    [1_000, 1],
    [1_001, 2],
  ])('makes another round only where its delay fits: totalMs %i', async (totalMs, rounds) => {
    const loop = run([[503], [200]], { totalMs })
    expect(await shown(loop)).toMatchObject({ status: rounds === 1 ? 503 : 200 })
    expect(loop.asked).toHaveLength(rounds)
  })

  it('passes the last response on as it is, and buffers it only for another attempt', async () => {
    const loop = run([[503], [200]], { totalMs: 500 })
    await vi.advanceTimersByTimeAsync(0)
    const { response } = await loop.result
    // Not a copy: an upstream that is slow with its error must not become a failure without a response.
    expect(response?.firstEvent).toBe(loop.firstEvents[0])
    const seen = vi.fn()
    loop.firstEvents[0]?.seen.then(seen)
    await Promise.resolve()
    expect(seen).not.toHaveBeenCalled()
  })

  it('does not let a policy wait for the first event of a response that it buffers', async () => {
    const loop = run([[429, 200]])
    await shown(loop)
    await expect(loop.firstEvents[0]?.seen).resolves.toBeUndefined()
  })

  it('ends the delay with the reason of an abort', async () => {
    const { context, result } = run([[NETWORK], [200]])
    await vi.advanceTimersByTimeAsync(500)
    const gone = new SseKitError('SSE_CLIENT_GONE', 'left')
    context.abort(gone)
    expect(await result).toEqual({ error: gone, trace: { attempts: 1, upstream: 0 } })
  })
})
