import { describe, expect, it } from 'vitest'
import { isSseKitError, OUTCOMES, outcomeOf, toSseKitError } from '../../src/base/outcomes.ts'
import { SseKitError } from '../../src/base/sse-kit-error.ts'

describe('the outcome table', () => {
  it.each(Object.entries(OUTCOMES))('has an error status and a public text: %s', (_, outcome) => {
    expect(outcome.status).toBeGreaterThanOrEqual(400)
    expect(outcome.publicText).toMatch(/^[A-Z][^.]+$/)
  })

  it('blames the upstream only for failures of its connection, its status and its timeouts', () => {
    const blamed = Object.entries(OUTCOMES).flatMap(([code, outcome]) =>
      outcome.isUpstreamFault ? [code] : [],
    )
    expect(blamed.sort()).toEqual([
      'SSE_CIRCUIT_OPEN',
      'SSE_LIMIT',
      'SSE_TRUNCATED',
      'SSE_UPSTREAM_NETWORK',
      'SSE_UPSTREAM_STATUS',
      'SSE_UPSTREAM_TIMEOUT',
    ])
  })

  it('keeps an error with a known code, also from another copy of the package', () => {
    const ours = new SseKitError('SSE_DRAINING', 'x')
    const others = Object.assign(new Error('x'), { code: 'SSE_LIMIT' })
    expect(toSseKitError(ours)).toBe(ours)
    expect(toSseKitError(others)).toBe(others)
    expect(outcomeOf(others).verdict).toBe('too_large')
  })

  it.each([
    new TypeError('locked'),
    Object.assign(new Error('x'), { code: 'ECONNRESET' }),
    Object.assign(new Error('x'), { code: 'SSE_UNHEARD_OF' }),
    Object.assign(new Error('x'), { code: 42 }),
    { code: 'constructor' },
    'text',
    null,
    undefined,
  ])('takes what has none for a bug on this side: %s', (error) => {
    expect(isSseKitError(error)).toBe(false)
    expect(toSseKitError(error)).toMatchObject({ code: 'SSE_INTERNAL', cause: error })
    expect(outcomeOf(error)).toMatchObject({
      verdict: 'error',
      status: 500,
      isUpstreamFault: false,
    })
  })
})
