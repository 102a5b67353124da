import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { Aborter } from '../../src/base/aborter.ts'
import { CircuitOpenError } from '../../src/base/circuit-open-error.ts'
import { SseKitError } from '../../src/base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../../src/base/upstream-network-error.ts'
import { type CallPolicy, CircuitBreaker } from '../../src/upstream/circuit-breaker.ts'
import { guardedAttempt } from '../../src/upstream/guarded-attempt.ts'
import type { AttemptResult } from '../../src/upstream/upstream-call.ts'
import { settled } from '../support/settled.ts'
import { scriptedTarget } from '../support/upstream/open-call.ts'
import { ScriptedTransport } from '../support/upstream/scripted-transport.ts'
import { warningsDuring } from '../support/warnings-during.ts'
import { watchRejections } from '../support/watch-rejections.ts'

watchRejections()

const NETWORK = new UpstreamNetworkError(new Error('reset'))
const GONE = new SseKitError('SSE_CLIENT_GONE', 'left')
type Call = (context: { signal: AbortSignal }) => unknown

const responded = (status: number): AttemptResult => ({
  wasSent: true,
  status,
  response: {
    status,
    statusText: '',
    headers: new Headers(),
    body: null,
    target: scriptedTarget(new ScriptedTransport({})),
    isSse: true,
    headersMs: 1,
    firstEvent: undefined,
  },
})
const failed = (error: unknown = NETWORK): AttemptResult => ({ error, wasSent: true })

/** An attempt inside a policy, whose result the test decides. */
function guard(execute: (call: Call) => unknown, policy?: CallPolicy) {
  const aborter = new Aborter()
  const unlistened = vi.spyOn(aborter, 'unlisten')
  let finish = (_: AttemptResult): void => {}
  const run = vi.fn(
    () =>
      new Promise<AttemptResult>((resolve) => {
        finish = resolve
        aborter.listen(() => resolve(failed(aborter.reason)))
      }),
  )
  const settledWith = vi.fn()
  /** What the policy's call came to. */
  const told = vi.fn()
  const watched: CallPolicy = policy ?? {
    execute: async (call) => {
      const watchedCall: Call = (context) => {
        const called = call(context) as Promise<unknown>
        called.then(
          () => told('success'),
          (error) => told(error),
        )
        return called
      }
      return execute(watchedCall)
    },
  }
  const result = guardedAttempt(watched, aborter, (status) => status >= 500, run)
  result.then(settledWith)
  return {
    aborter,
    unlistened,
    run,
    result,
    settledWith,
    told,
    finish: (outcome: AttemptResult) => finish(outcome),
  }
}

const context = () => ({ signal: new AbortController().signal })
const passing = (call: Call) => call(context())
const never = () => new Promise(() => {})

describe('a guarded attempt', () => {
  it('returns a response before its first event, and tells the policy at that event', async () => {
    const { result, told, finish } = guard(passing)
    finish(responded(200))
    const { response } = await result
    await settled()
    expect(told).not.toHaveBeenCalled()
    response?.firstEvent?.came()
    await settled()
    expect(told.mock.calls).toEqual([['success']])
  })

  it.each([
    ['a failure of the upstream', NETWORK, NETWORK],
    ['a client that leaves', GONE, 'success'],
    ['a bug', new TypeError('bug'), 'success'],
  ])(
    'tells a policy of the application about %s before the first event',
    async (_, error, told) => {
      const attempt = guard(passing)
      attempt.finish(responded(200))
      const { response } = await attempt.result
      response?.firstEvent?.failed(error)
      await settled()
      expect(attempt.told.mock.calls).toEqual([[told]])
    },
  )

  it.each([
    ['an error', failed(), NETWORK],
    ['a failed status', responded(503), expect.objectContaining({ code: 'SSE_UPSTREAM_STATUS' })],
    ['an error that is not the fault of the upstream', failed(GONE), 'success'],
  ])('tells the policy about %s, and returns it', async (_, outcome, told) => {
    const attempt = guard(passing)
    attempt.finish(outcome)
    expect(await attempt.result).toBe(outcome)
    expect(attempt.told.mock.calls).toEqual([[told]])
  })

  it('lets the policy count a failure before it returns', async () => {
    const order: string[] = []
    const { result, finish } = guard(async (call) => {
      try {
        await call(context())
      } catch {
        for (let turn = 0; turn < 20; turn++) await Promise.resolve()
        order.push('counted')
      }
    })
    finish(failed())
    await result
    order.push('returned')
    expect(order).toEqual(['counted', 'returned'])
  })

  it.each(['swallows its failure', 'never settles after it'])(
    'returns a failure also where the policy %s',
    async (how) => {
      const { result, finish } = guard(async (call) => {
        await (call(context()) as Promise<unknown>).catch(() => {})
        if (how !== 'swallows its failure') await never()
      })
      finish(failed())
      expect(await result).toEqual(failed())
    },
  )

  it.each([
    ['rejects', () => Promise.reject(new Error('isolated'))],
    [
      'throws',
      () => {
        throw new Error('isolated')
      },
    ],
    ['resolves', () => Promise.resolve('a fallback value')],
  ])('is refused by a policy that %s without a call', async (_, execute) => {
    const { result, run } = guard(execute)
    expect(await result).toMatchObject({
      error: { code: 'SSE_CIRCUIT_OPEN', retryAfterMs: 1_000 },
      wasSent: false,
    })
    expect(run).not.toHaveBeenCalled()
  })

  it('returns a refusal with a code as it is', async () => {
    const open = new CircuitOpenError(400)
    expect(await guard(() => Promise.reject(open)).result).toEqual({ error: open, wasSent: false })
  })

  it('aborts an attempt that the policy gives up on', async () => {
    const late = new Error('too slow')
    const { result, aborter } = guard((call) =>
      Promise.race([call(context()), Promise.reject(late)]),
    )
    expect(await result).toMatchObject({
      error: { code: 'SSE_UPSTREAM_NETWORK', cause: late },
      wasSent: true,
    })
    expect(aborter.reason).toMatchObject({ cause: late })
  })

  it('aborts an attempt by the signal of the policy, and leaves no listener there', async () => {
    const policy = new AbortController()
    const { result, run } = guard((call) => call({ signal: policy.signal }))
    await settled()
    expect(run).toHaveBeenCalledTimes(1)
    policy.abort('cooperative')
    expect(await result).toMatchObject({ error: { code: 'SSE_UPSTREAM_NETWORK' } })
    expect(getEventListeners(policy.signal, 'abort')).toEqual([])
  })

  it.each(['came', 'failed'] as const)(
    'leaves no listener on the signal of the policy once the first event %s',
    async (how) => {
      const { signal } = new AbortController()
      const { result, finish, unlistened } = guard((call) => call({ signal }))
      finish(responded(200))
      const { response } = await result
      expect(getEventListeners(signal, 'abort')).toHaveLength(1)
      response?.firstEvent?.[how](GONE)
      await settled()
      expect(getEventListeners(signal, 'abort')).toEqual([])
      expect(unlistened).toHaveBeenCalledOnce()
    },
  )

  it('does not depend on a policy that does not await its call', async () => {
    const careless = guard((call) => void call(context()))
    await settled()
    careless.finish(responded(200))
    expect((await careless.result).response?.status).toBe(200)
    const failing = guard((call) => void call(context()))
    await settled()
    failing.finish(failed())
    expect(await failing.result).toEqual(failed())
  })

  it('returns the reason of an abort while the policy delays the call, and sends nothing later', async () => {
    let dequeue = (): void => {}
    const queued = new Promise<void>((resolve) => {
      dequeue = resolve
    })
    const { result, aborter, run, told } = guard(async (call) => {
      await queued
      return call(context())
    })
    await settled()
    aborter.abort(GONE)
    expect(await result).toEqual({ error: GONE, wasSent: false })
    const warnings = await warningsDuring(dequeue)
    expect(warnings).toEqual([])
    expect(run).not.toHaveBeenCalled()
    expect(told.mock.calls).toEqual([['success']])
  })

  it('does not enter the policy once it was aborted', async () => {
    const aborter = new Aborter()
    aborter.abort(GONE)
    const execute = vi.fn()
    const result = guardedAttempt({ execute }, aborter, () => false, never as never)
    expect(await result).toEqual({ error: GONE, wasSent: false })
    expect(execute).not.toHaveBeenCalled()
  })

  it.each([
    ['a second call beside the first', (call: Call) => Promise.any([passing(call), passing(call)])],
    [
      'a second call after a failure',
      (call: Call) => (passing(call) as Promise<unknown>).catch(() => passing(call)),
    ],
  ])('refuses %s, and reports that once', async (_, execute) => {
    const { result, run, finish } = guard(execute)
    const warnings = await warningsDuring(async () => {
      await settled()
      finish(failed())
      expect(await result).toEqual(failed())
    })
    expect(run).toHaveBeenCalledTimes(1)
    expect(warnings).toHaveLength(1)
    expect(String(warnings[0]?.cause)).toContain('leave retries to the option "retry"')
  })

  it('refuses a call after the policy has settled, and reports that', async () => {
    let late = (): unknown => undefined
    const { result, run, told } = guard(async (call) => {
      late = () => passing(call)
    })
    expect(await result).toMatchObject({ error: { code: 'SSE_CIRCUIT_OPEN' } })
    const warnings = await warningsDuring(() => void late())
    expect(String(warnings[0]?.cause)).toContain('await the call inside execute()')
    expect(run).not.toHaveBeenCalled()
    expect(told.mock.calls[0]?.[0]).toMatchObject({ code: 'SSE_INTERNAL' })
  })

  it('does not count with our own breaker what is not the fault of the upstream', async () => {
    const breaker = new CircuitBreaker({ failures: 1 })
    for (const outcome of [failed(GONE), failed(new TypeError('bug')), failed()]) {
      const attempt = guard(passing, breaker)
      attempt.finish(outcome)
      expect(await attempt.result).toBe(outcome)
    }
    expect(await guard(passing, breaker).result).toMatchObject({
      error: { code: 'SSE_CIRCUIT_OPEN' },
    })
  })

  it('cancels a response that comes in the very moment in which the policy gives up', async () => {
    const cancel = vi.fn(async () => {})
    const aborter = new Aborter()
    const { response } = responded(200)
    const body = { getReader: () => ({ read: never as never, cancel }), cancel }
    let giveUp = (): void => {}
    const policy: CallPolicy = {
      execute: (call) => {
        void call(context())
        return new Promise((_, reject) => {
          giveUp = () => reject(new Error('too slow'))
        })
      },
    }
    let finish = (_: AttemptResult): void => {}
    const running = new Promise<AttemptResult>((resolve) => {
      finish = resolve
    })
    const result = guardedAttempt(
      policy,
      aborter,
      () => false,
      () => running,
    )
    await settled()
    giveUp()
    await result
    if (response !== undefined) finish({ wasSent: true, response: { ...response, body } })
    await settled()
    expect(cancel).toHaveBeenCalledTimes(1)
  })
})
