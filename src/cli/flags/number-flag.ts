import { UsageError } from './usage-error.ts'

/** The range of a number. */
export interface NumberRange {
  min: number
  max?: number | undefined
  /** Whether fractions are allowed. @default false */
  fraction?: boolean | undefined
}

/**
 * Reads the value of a flag as a number; `undefined` for a flag that was not given.
 *
 * @throws {@link UsageError} that names the flag, the wanted range and the current value
 */
export function numberFlag(
  flag: string,
  value: string | undefined,
  { min, max = Number.MAX_SAFE_INTEGER, fraction = false }: NumberRange,
): number | undefined {
  if (value === undefined) return undefined
  // `Number` alone accepts an empty string, `0x10` and `1e9`.
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
  if ((fraction || Number.isInteger(number)) && number >= min && number <= max) return number
  const kind = fraction ? 'a number' : 'an integer'
  const range = max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`
  throw new UsageError(`--${flag} must be ${kind} ${range}: got "${value}"`)
}
