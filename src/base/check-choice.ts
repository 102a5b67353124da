import { shown } from './shown.ts'

/** @throws TypeError that names the option, its allowed values and the value, unless it is one of them */
export function checkChoice(
  name: string,
  value: unknown,
  ...choices: readonly (string | boolean)[]
): void {
  if (choices.some((choice) => choice === value)) return
  const quoted = choices.map(shown)
  const wanted = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
  throw new TypeError(`${name} must be ${wanted}: got ${shown(value)}`)
}
