import { describe, expect, it } from 'vitest'
import { readUsage, valueAt } from '../../src/llm/llm-usage.ts'

const PATHS = { inputTokens: ['in', 'details.in'], outputTokens: ['out'] }

describe('a usage', () => {
  it('has the numbers that are stated, 0 too, and no others', () => {
    expect(readUsage({ in: 0, out: 5, more: 7 }, PATHS)).toEqual({
      inputTokens: 0,
      outputTokens: 5,
    })
    expect(readUsage({ in: null, out: '5' }, PATHS)).toBeUndefined()
    expect(readUsage({ details: { in: 3 } }, PATHS)).toEqual({ inputTokens: 3 })
    expect(readUsage({ in: 2, details: { in: 3 } }, PATHS)).toEqual({ inputTokens: 2 })
  })

  it.each([undefined, null, 'text', 7, [], {}])('is none in %j', (value) => {
    expect(readUsage(value, PATHS)).toBeUndefined()
  })

  it('is found at a path, where every step is an object', () => {
    expect(valueAt({ a: { b: 1 } }, 'a.b')).toBe(1)
    expect(valueAt({ a: null }, 'a.b')).toBeUndefined()
    expect(valueAt({ a: 'text' }, 'a.length')).toBeUndefined()
  })
})
