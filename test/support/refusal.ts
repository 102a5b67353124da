import { expect } from 'vitest'

/** Matches the error for a wrong option: its class, and a message that names the option. */
export function refusal(type: typeof TypeError | typeof RangeError, option: string): Error {
  const named = new RegExp(`(^|\\W)${option.replaceAll('.', '\\.')}(\\W|$)`)
  return expect.objectContaining({ name: type.name, message: expect.stringMatching(named) })
}
