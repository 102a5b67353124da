import { parseArgs } from 'node:util'
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
      throw new UsageError(`Unknown flag ${rawName}${suggestion(name, Object.keys(kinds))}`)
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

/** The names nearest to a mistyped one: one letter of three may be wrong, or the end is missing. */
function suggestion(name: string, names: readonly string[]): string {
  const mistakes = new Map(names.map((other) => [other, distance(name, other)]))
  const least = Math.min(...mistakes.values())
  const isNear = least <= Math.min(2, Math.floor(name.length / 3))
  const near = names.filter(
    (other) => (isNear && mistakes.get(other) === least) || other.startsWith(`${name}-`),
  )
  return near.length === 0 ? '' : `, did you mean --${near.join(' or --')}?`
}

/** How many letters have to be put in, taken out, changed or swapped with the next to make one word the other. */
function distance(from: string, to: string): number {
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const [letter, other] = [from[row - 1], to[column - 1]]
      const changed = (previous[column - 1] ?? 0) + (letter === other ? 0 : 1)
      const isSwapped = letter === to[column - 2] && other === from[row - 2] && row > 1
      const swapped = isSwapped ? (before[column - 2] ?? 0) + 1 : Infinity
      const added = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      current.push(Math.min(changed, added, swapped))
    }
    before = previous
    previous = current
  }
  return previous.at(-1) ?? 0
}
