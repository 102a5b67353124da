import { describe, expect, it } from 'vitest'
import { OUTCOMES } from '../../src/base/outcomes.ts'
import { SseKitError, type SseKitErrorCode } from '../../src/base/sse-kit-error.ts'
import type { Verdict } from '../../src/base/verdict.ts'
import { decideVerdict } from '../../src/proxy/decide-verdict.ts'

/** The verdict of an error, by its code. */
const VERDICTS: Readonly<Record<SseKitErrorCode, Verdict>> = {
  SSE_LIMIT: 'too_large',
  SSE_UPSTREAM_NETWORK: 'upstream_error',
  SSE_UPSTREAM_TIMEOUT: 'timeout',
  SSE_TRUNCATED: 'truncated',
  SSE_UPSTREAM_STATUS: 'upstream_error',
  SSE_CLIENT_GONE: 'client_gone',
  SSE_CLIENT_STALLED: 'client_gone',
  SSE_BAD_REQUEST: 'error',
  SSE_CIRCUIT_OPEN: 'upstream_error',
  SSE_LOOP: 'error',
  SSE_TRANSFORM: 'error',
  SSE_REQUEST_SETUP: 'error',
  SSE_DRAINING: 'error',
  SSE_INTERNAL: 'error',
}
const CODES = Object.keys(VERDICTS) as SseKitErrorCode[]

describe('decideVerdict', () => {
  it('is tested with every code', () => {
    expect(CODES.sort()).toEqual(Object.keys(OUTCOMES).sort())
  })

  it.each(CODES)('gives a stream that failed with %s its verdict and code', (code) => {
    const reason = new SseKitError(code, 'failed')
    const decision = decideVerdict({ ending: 'error', reason }, { isGone: false })
    expect(decision).toEqual({ verdict: VERDICTS[code], code, error: reason })
  })

  it.each(CODES)('gives a client that left before %s the verdict client_gone', (code) => {
    const reason = new SseKitError(code, 'failed')
    const decision = decideVerdict({ ending: 'error', reason }, { isGone: true })
    // A client that stalls is disconnected: that it has left is then the consequence.
    const isStall = code === 'SSE_CLIENT_STALLED'
    expect(decision).toEqual({
      verdict: 'client_gone',
      code: isStall ? 'SSE_CLIENT_STALLED' : 'SSE_CLIENT_GONE',
      error: reason,
    })
  })

  it.each([
    ['an error without a code', new TypeError('bug')],
    ['an error with the code of a system', Object.assign(new Error('io'), { code: 'EPIPE' })],
    ['no error at all', undefined],
  ])('calls %s a bug', (_, reason) => {
    const decision = decideVerdict({ ending: 'error', reason }, { isGone: false })
    expect(decision).toMatchObject({ verdict: 'error', code: 'SSE_INTERNAL' })
    expect(decision.error?.cause).toBe(reason)
  })

  it.each([
    [false, new SseKitError('SSE_UPSTREAM_NETWORK', 'a reason of the client')],
    [true, 'whatever'],
  ])('never takes the reason of a cancel for a failure, client gone: %s', (isGone, reason) => {
    const decision = decideVerdict({ ending: 'cancelled', reason }, { isGone })
    expect(decision).toMatchObject({
      verdict: 'client_gone',
      code: 'SSE_CLIENT_GONE',
      error: { code: 'SSE_CLIENT_GONE', cause: reason },
    })
  })

  it.each([
    ['complete', { verdict: 'complete' }],
    ['truncated', { verdict: 'truncated' }],
  ] as const)('gives a stream that ended %s no code', (ending, decision) => {
    expect(decideVerdict({ ending }, { isGone: false })).toEqual(decision)
  })

  it.each(['complete', 'truncated'] as const)(
    'gives it client_gone where the client left: %s',
    (ending) => {
      expect(decideVerdict({ ending }, { isGone: true })).toEqual({
        verdict: 'client_gone',
        code: 'SSE_CLIENT_GONE',
      })
    },
  )

  it.each(['complete', 'truncated', 'upstream_error'] as const)(
    'takes the verdict of the answer in the stream where that is known: %s',
    (answer) => {
      for (const ending of ['complete', 'truncated'] as const) {
        expect(decideVerdict({ ending, answer }, { isGone: false })).toEqual({ verdict: answer })
      }
    },
  )

  it.each(['complete', 'upstream_error'] as const)(
    'takes the verdict of an answer that was over when the client left: %s',
    (answer) => {
      const over = { answer, isOver: true }
      const decision = { verdict: answer }
      expect(decideVerdict({ ending: 'cancelled', ...over }, { isGone: false })).toEqual(decision)
      expect(decideVerdict({ ending: 'cancelled', ...over }, { isGone: true })).toEqual(decision)
      expect(decideVerdict({ ending: 'complete', ...over }, { isGone: true })).toEqual(decision)
    },
  )

  it('takes an error rather than the answer that was over before it', () => {
    const reason = new SseKitError('SSE_UPSTREAM_NETWORK', 'reset')
    const origin = { ending: 'error', reason, answer: 'complete', isOver: true } as const
    expect(decideVerdict(origin, { isGone: false })).toMatchObject({ verdict: 'upstream_error' })
  })
})
