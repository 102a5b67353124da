import { expect, it } from 'vitest'
import { checkChoice } from '../../src/base/check-choice.ts'

it.each([
  [['a'], ['a', 'b'], undefined],
  [[false], [true, false], undefined],
  [['c'], ['a', 'b'], 'x must be "a" or "b": got "c"'],
  [[1], ['a', 'b', 'd'], 'x must be "a", "b" or "d": got 1'],
  [['true'], [true, false], 'x must be true or false: got "true"'],
  [[undefined], [true, false], 'x must be true or false: got undefined'],
])('checkChoice of %j among %j', ([value], choices, message) => {
  const check = (): void => checkChoice('x', value, ...choices)
  if (message === undefined) expect(check).not.toThrow()
  else expect(check).toThrow(new TypeError(message))
})
