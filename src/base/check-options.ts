import { nearest } from './nearest.ts'
import { shown } from './shown.ts'

/** Option names of `T`. Adding an option to the type without listing it here does not compile. */
export type OptionNames<T> = { readonly [Name in keyof Required<T>]: true }

/**
 * Checks that options are an object without unknown names. `undefined` selects the defaults.
 *
 * @throws TypeError that names the option and the nearest known one
 */
export function checkOptions(
  path: string,
  options: unknown,
  names: Readonly<Record<string, true>>,
  cure: string = 'an object',
): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${path} must be ${cure}: got ${shown(options)}`)
  }
  for (const name in options) {
    if (Object.hasOwn(names, name)) continue
    const meant = nearest(name, Object.keys(names))
    const hint =
      meant === undefined
        ? `. Known are ${Object.keys(names).join(', ')}`
        : `. Did you mean ${meant}?`
    throw new TypeError(`${path} has no option ${JSON.stringify(name)}${hint}`)
  }
}
