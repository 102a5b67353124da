import {
  bulkhead,
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  fallback,
  handleAll,
  noop,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import { type CallPolicy, sseProxy } from 'sse-stream-kit'
import { gate, step, type UpstreamStep } from 'sse-stream-kit/testing'
import { describe, expect, it, vi } from 'vitest'
import { requestClosed } from '../support/http/request-closed.ts'
import { severalUpstreams } from '../support/http/several-upstreams.ts'
import { settled } from '../support/settled.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const EVENT = 'data: 1\n\n'
/** Long enough for a request to arrive first, also on a busy machine. */
const GIVE_UP_MS = 500
const breaking = (failures = 1) =>
  circuitBreaker(handleAll, {
    halfOpenAfter: 60_000,
    breaker: new ConsecutiveBreaker(failures),
  })
const trying = (attempts: number) =>
  retry(handleAll, { maxAttempts: attempts, backoff: new ConstantBackoff(0) })

describe('a policy of cockatiel in the place of the breaker', () => {
  it('passes what works', async () => {
    const { send, summaries } = await severalUpstreams([[step.raw(EVENT)]], { breaker: noop })
    expect(await (await send()).text()).toBe(EVENT)
    expect(summaries[0]).toMatchObject({ verdict: 'complete', attempts: 1 })
  })

  it.each([
    ['resets', [step.reset()]],
    ['5xx answers', [step.json(500, { error: 'theirs' })]],
    ['streams without an event', [step.comment('hi')]],
    ['streams that are cut before one', [step.comment('hi'), step.cut()]],
  ])(
    'opens for %s, and its refusal is a 503 with the code of an open circuit',
    async (_, steps) => {
      const { send, asked, summaries } = await severalUpstreams([steps], { breaker: breaking(2) })
      for (let request = 0; request < 2; request++) {
        await (await send()).text().catch(() => {})
        await settled()
      }
      const response = await send()
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await response.json()).toMatchObject({ error: { code: 'SSE_CIRCUIT_OPEN' } })
      expect(asked()).toEqual([2])
      expect(summaries[2]).toMatchObject({ code: 'SSE_CIRCUIT_OPEN', attempts: 0 })
    },
  )

  it('leads to the next upstream when it refuses one', async () => {
    const known = breaking()
    let calls = 0
    // A policy of one's own has one `execute` for all upstreams; this one refuses every other call.
    const everyOther: CallPolicy = {
      execute: (call) => (calls++ % 2 === 0 ? isolated() : known).execute(call),
    }
    const { send, asked, summaries } = await severalUpstreams(
      [[step.raw(EVENT)], [step.raw(EVENT)]],
      {
        breaker: everyOther,
      },
    )
    expect(await (await send()).text()).toBe(EVENT)
    expect(asked()).toEqual([0, 1])
    expect(summaries[0]).toMatchObject({ upstream: 1, attempts: 1 })
  })

  it('passes a 5xx answer on as it is', async () => {
    const { send, summaries } = await severalUpstreams([[step.json(500, { error: 'theirs' })]], {
      breaker: breaking(5),
    })
    const response = await send()
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error: 'theirs' })
    expect(summaries[0]).toMatchObject({ verdict: 'complete', upstreamStatus: 500 })
  })

  it.each([
    ['answers 503', [step.json(503, {})], 503],
    ['resets the connection', [step.reset()], 502],
  ])(
    'is not let try again by itself when the upstream %s: that is for retry',
    async (_, steps, status) => {
      const { send, asked, summaries } = await severalUpstreams([steps], { breaker: trying(3) })
      const warnings = await warningsDuring(async () => {
        for (let request = 0; request < 2; request++) {
          const response = await send({ body: 'prompt' })
          expect(response.status).toBe(status)
          await response.text()
        }
        await settled()
      })
      expect(asked()).toEqual([2])
      expect(summaries[0]).toMatchObject({ attempts: 1 })
      // Once for each policy.
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toMatchObject({ message: 'The breaker called the upstream twice' })
    },
  )

  it('gets one execute per attempt, where retry asks again', async () => {
    const execute = vi.fn<CallPolicy['execute']>((call) => noop.execute(call))
    const { send, asked, summaries } = await severalUpstreams(
      [({ index }) => (index < 2 ? [step.json(503, {})] : [step.raw(EVENT)])],
      { breaker: { execute }, retry: { attempts: 3, baseMs: 0 } },
    )
    expect(await (await send({ body: 'prompt' })).text()).toBe(EVENT)
    expect(execute).toHaveBeenCalledTimes(3)
    expect(asked()).toEqual([3])
    expect(summaries[0]).toMatchObject({ verdict: 'complete', attempts: 3 })
  })

  it('does not try again what cannot be sent again', async () => {
    const { send, asked } = await severalUpstreams(
      [[step.until(({ body }) => body), step.json(503, { error: 'busy' })]],
      { breaker: trying(5), replayBodyBytes: 3 },
    )
    const response = await send({ body: '1234' })
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ error: 'busy' })
    expect(asked()).toEqual([1])
  })

  it.each(['POST', 'GET'])(
    'does not try a %s again once the client has an answer',
    async (method) => {
      const { send, asked, summaries } = await severalUpstreams(
        [[step.comment('hi'), step.cut()]],
        {
          breaker: trying(5),
        },
      )
      const body = method === 'GET' ? null : '{}'
      await expect((await send({ method, body })).text()).rejects.toThrow()
      await settled()
      expect(asked()).toEqual([1])
      expect(summaries[0]).toMatchObject({ verdict: 'upstream_error', attempts: 1 })
    },
  )

  it('does not count clients that leave: they must not open a circuit', async () => {
    const { send, upstreams, asked } = await severalUpstreams(
      [({ index }) => (index % 2 === 0 ? [step.never()] : [step.comment('hi'), step.hang()])],
      { breaker: wrap(trying(3), breaking(1)) },
    )
    for (let index = 0; index < 4; index++) {
      const client = new AbortController()
      const answer = send({ signal: client.signal })
      const request = await upstreams[0]?.request(index)
      if (index % 2 === 1) await (await answer).body?.getReader().read()
      client.abort()
      expect((await answer).status).toBe(index % 2 === 1 ? 200 : 499)
      await requestClosed(request)
      await settled()
    }
    expect(asked()).toEqual([4])
  })

  const racing: CallPolicy = {
    execute: (call) =>
      Promise.race([
        call({ signal: new AbortController().signal }),
        new Promise((_, reject) => setTimeout(() => reject(new Error('too slow')), GIVE_UP_MS)),
      ]),
  }
  it.each<[string, CallPolicy]>([
    ['by its signal and a rejection', timeout(GIVE_UP_MS, TimeoutStrategy.Aggressive)],
    ['by its signal alone', timeout(GIVE_UP_MS, TimeoutStrategy.Cooperative)],
    ['by a rejection alone', racing],
  ])('may give up on a call, %s: its socket closes', async (_, breaker) => {
    const { send, upstreams, summaries } = await severalUpstreams([[step.never()]], { breaker })
    const response = await send()
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
    await requestClosed(upstreams[0]?.requests[0])
    expect(summaries[0]).toMatchObject({ verdict: 'upstream_error', attempts: 1 })
  })

  it('may make calls wait in a line, and a client that leaves the line is gone', async () => {
    const mayGo = gate()
    const { send, asked, summaries } = await severalUpstreams(
      [[step.until(mayGo.opened), step.raw(EVENT)]],
      { breaker: bulkhead(1, 5) },
    )
    const first = send()
    await expect.poll(() => asked()).toEqual([1])
    const client = new AbortController()
    const waiting = send({ signal: client.signal })
    await settled()
    client.abort()
    expect((await waiting).status).toBe(499)
    const third = send()
    mayGo.open()
    expect(await (await first).text()).toBe(EVENT)
    expect(await (await third).text()).toBe(EVENT)
    expect(asked()).toEqual([2])
    expect(summaries[0]).toMatchObject({ verdict: 'client_gone', attempts: 0 })
  })

  it('is not waited for by a client that had left before', async () => {
    const never: CallPolicy = { execute: () => new Promise(() => {}) }
    const { send } = await severalUpstreams([[step.never()]], { breaker: never })
    expect((await send({ signal: AbortSignal.abort() })).status).toBe(499)
  })

  it('may refuse for want of room', async () => {
    const { send, upstreams } = await severalUpstreams([[step.never()]], {
      breaker: bulkhead(1, 0),
    })
    const client = new AbortController()
    const first = send({ signal: client.signal })
    await upstreams[0]?.request()
    const response = await send()
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ error: { code: 'SSE_CIRCUIT_OPEN' } })
    client.abort()
    await first
  })

  it.each([
    ['a refusal', () => wrap(fallback(handleAll, 'swallowed'), isolated()), 503, 0],
    ['a failure', () => fallback(handleAll, 'swallowed'), 502, 1],
  ])('may swallow %s: the client hears of it all the same', async (_, policy, status, asks) => {
    const { send, asked } = await severalUpstreams([[step.reset()]], { breaker: policy() })
    expect((await send()).status).toBe(status)
    expect(asked()).toEqual([asks])
  })

  it('may throw at once instead of rejecting', async () => {
    const broken: CallPolicy = {
      execute: () => {
        throw new Error('broken policy')
      },
    }
    const { send } = await severalUpstreams([[step.raw(EVENT)]], { breaker: broken })
    expect((await send()).status).toBe(503)
  })

  it.each<[string, readonly UpstreamStep[], number, string]>([
    ['passes what works', [step.raw(EVENT)], 200, EVENT],
    ['passes an error response', [step.json(503, { error: 'theirs' })], 503, '{"error":"theirs"}'],
    ['answers 502 for a failure', [step.reset()], 502, 'SSE_UPSTREAM_NETWORK'],
  ])('need not wait for its call: %s', async (_, steps, status, text) => {
    const careless: CallPolicy = {
      execute: async (call) => {
        void call({ signal: new AbortController().signal })
      },
    }
    const { send, asked } = await severalUpstreams([steps], { breaker: careless })
    const response = await send()
    expect(response.status).toBe(status)
    expect(await response.text()).toContain(text)
    expect(asked()).toEqual([1])
    // A rejection that nothing handles would be reported by now.
    await settled()
  })

  it('is refused a call after it has settled, and that is reported once', async () => {
    const called = gate()
    const late: CallPolicy = {
      execute: async (call) => {
        setTimeout(() => {
          void call({ signal: new AbortController().signal })
          called.open()
        })
      },
    }
    const { send, asked } = await severalUpstreams([[step.raw(EVENT)]], { breaker: late })
    const warnings = await warningsDuring(async () => {
      expect((await send()).status).toBe(503)
      await called.opened
      await settled()
    })
    expect(asked()).toEqual([0])
    expect(warnings.map(({ cause }) => String(cause))).toEqual([
      expect.stringContaining('await the call inside execute()'),
    ])
  })

  it('is refused a second call beside the first one', async () => {
    const twice: CallPolicy = {
      execute: (call) => {
        const context = { signal: new AbortController().signal }
        return Promise.any([call(context), call(context)])
      },
    }
    const { send, asked } = await severalUpstreams([[step.raw(EVENT)]], { breaker: twice })
    expect(await (await send()).text()).toBe(EVENT)
    expect(asked()).toEqual([1])
  })

  it('must have an execute', () => {
    expect(() => sseProxy('http://up.test', { breaker: { execute: 1 } as never })).toThrow(
      'breaker.execute',
    )
  })
})

function isolated() {
  const policy = breaking()
  policy.isolate()
  return policy
}
