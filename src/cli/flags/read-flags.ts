import { parseArgs } from 'node:util'
import { nearest } from '../../base/nearest.ts'
import { UsageError } from './usage-error.ts'

/** What a flag takes: nothing, one value (the last one counts), or one each time it is given. */
export type FlagKind = 'switch' | 'value' | 'values'

/** The values of flags, by name; a flag that was not given is absent. */
export interface Flags<Name extends string> {
  has(name: Name): boolean
  value(name: Name): string | undefined
  values(name: Name): readonly string[]
}

/**
 * Reads arguments as flags, and nothing but flags.
 *
 * @param shorts the flags that have a short form, by its letter
 * @throws {@link UsageError} for a flag that is unknown, or that is given with too much or too little
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
    // Its own messages speak of positional arguments and of two dashes, and take several lines.
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
    // A number may be negative, so that it can be told to be out of range; else the next flag came too soon.
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
