import { parseArgs } from 'node:util'
import { nearest } from '../../base/nearest.ts'
import { UsageError } from './usage-error.ts'

/** The values of a flag: none, one (the last counts), or one each time the flag is given. */
export type FlagKind = 'switch' | 'value' | 'values'

/** The flags that were given, and their values. */
export interface Flags<Name extends string> {
  has(name: Name): boolean
  value(name: Name): string | undefined
  values(name: Name): readonly string[]
}

/**
 * Reads arguments, all of which must be flags.
 *
 * @param shorts names of flags by the letter of their short form
 * @throws {@link UsageError} for an unknown flag, a missing value, or a value for a switch
 */
export function readFlags<Name extends string>(
  args: readonly string[],
  kinds: Readonly<Record<Name, FlagKind>>,
  shorts: Readonly<Record<string, NoInfer<Name>>> = {},
): Flags<Name> {
  const found = new Map<string, string[]>()
  const entries = Object.entries<FlagKind>(kinds)
  const letterOf = new Map(Object.entries(shorts).map(([letter, name]) => [name as string, letter]))
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      entries.map(([name, kind]) => {
        const short = letterOf.get(name)
        const type = kind === 'switch' ? 'boolean' : 'string'
        return [name, short === undefined ? { type } : { type, short }]
      }),
    ),
    // The messages of strict mode take several lines and speak of positional arguments.
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') throw new UsageError(`Unknown argument "${token.value}"`)
    const { name, rawName, value } = token
    const kind = Object.hasOwn(kinds, name) ? kinds[name as Name] : undefined
    const isShort = letterOf.has(name) && rawName === `-${letterOf.get(name)}`
    if (kind === undefined || !(rawName.startsWith('--') || isShort)) {
      const meant = nearest(name, Object.keys(kinds))
      const hint = meant === undefined ? '' : `, did you mean --${meant}?`
      throw new UsageError(`Unknown flag ${rawName}${hint}`)
    }
    if (kind === 'switch') {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
      found.set(name, [])
      continue
    }
    // A negative number is a value, which is then out of range; anything else with a dash is the next flag.
    const isFlag = !token.inlineValue && /^-[^\d]/.test(value ?? '')
    if (value === undefined || value === '' || isFlag) {
      throw new UsageError(`${rawName} needs a value`)
    }
    found.set(name, [...(found.get(name) ?? []), value])
  }
  return {
    has: (name) => found.has(name),
    value: (name) => found.get(name)?.at(-1),
    values: (name) => found.get(name) ?? [],
  }
}
