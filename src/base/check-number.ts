/** What a numeric option may be. */
export interface NumberRule {
  /** The smallest value allowed. */
  min: number
  /** Whether `Infinity` is allowed, for "unbounded on purpose". */
  infinity?: boolean
  /** Whether fractions are allowed. */
  fraction?: boolean
}

/**
 * Returns a numeric option as it is, once it is known to make sense.
 *
 * @throws RangeError that names the option, the wanted range and the current value
 */
export function checkNumber(name: string, value: number, rule: NumberRule): number {
  if (rule.infinity && value === Infinity) return value
  const fits = rule.fraction ? Number.isFinite(value) : Number.isSafeInteger(value)
  if (fits && value >= rule.min) return value
  const kind = rule.fraction ? 'a number' : 'an integer'
  const unbounded = rule.infinity ? ' or Infinity' : ''
  throw new RangeError(
    `Cannot use ${name} as it must be ${kind} >= ${rule.min}${unbounded}: current value is ${String(value)}`,
  )
}
