import { shown } from './shown.ts'

/** Range of a numeric option. */
export interface NumberRule {
  /** The smallest value allowed. */
  min: number
  /** Whether `Infinity` ("unbounded on purpose") is allowed. */
  infinity?: boolean
  /** Whether fractions are allowed. */
  fraction?: boolean
}

/**
 * Returns a numeric option unchanged if it is in range.
 *
 * @throws RangeError that names the option, the allowed range and the value
 */
export function checkNumber(name: string, value: number, rule: NumberRule): number {
  if (rule.infinity && value === Infinity) return value
  const fits = rule.fraction ? Number.isFinite(value) : Number.isSafeInteger(value)
  if (fits && value >= rule.min) return value
  const kind = rule.fraction ? 'a number' : 'an integer'
  const unbounded = rule.infinity ? ' or Infinity' : ''
  throw new RangeError(`${name} must be ${kind} >= ${rule.min}${unbounded}: got ${shown(value)}`)
}
