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
 * @throws {@link UsageError} for a flag that is unknown, or that is given with too much or too little
 */
export function readFlags<Name extends string>(
  args: readonly string[],
  kinds: Readonly<Record<Name, FlagKind>>,
): Flags<Name> {
  const found = new Map<string, string[]>()
  const entries = Object.entries<FlagKind>(kinds)
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      entries.map(([name, kind]) => [name, { type: kind === 'switch' ? 'boolean' : 'string' }]),
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
    if (kind === undefined || !rawName.startsWith('--')) {
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

function suggestion(name: string, names: readonly string[]): string {
  const near = names.filter((other) => distance(name, other) <= 2 || other.startsWith(`${name}-`))
  return near.length === 0 ? '' : `, did you mean --${near.join(' or --')}?`
}

/** How many letters have to be put in, taken out or changed to make one word the other. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...to].entries()) {
      const changed = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(changed, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
