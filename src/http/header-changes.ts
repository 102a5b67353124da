import { CONNECTION_HEADERS } from './connection-headers.ts'

/**
 * Header names and values, in any of the forms that `fetch` accepts. A value of `null` or `undefined` removes the
 * header from the upstream request.
 */
export type HeadersLike =
  | Headers
  | Readonly<Record<string, string | null | undefined>>
  | readonly (readonly [name: string, value: string | null | undefined])[]

/** Headers that the application sets on the upstream request or removes from it. */
export interface HeaderChanges {
  readonly set: Headers
  /** Names in lower case. */
  readonly removed: ReadonlySet<string>
}

/** `fetch` sets these itself and rejects requests that have them. */
const NOT_SETTABLE = [...CONNECTION_HEADERS, 'content-length', 'expect', 'host', 'trailer']

/**
 * Parses headers in any of their forms. `null` and `undefined` remove a header.
 *
 * @throws TypeError for a header that cannot be sent. The message omits the value, which may be a key.
 */
export function headerChanges(given: HeadersLike): HeaderChanges {
  const set = new Headers()
  const removed = new Set<string>()
  for (const [name, value] of pairsOf(given)) {
    try {
      if (value === null || value === undefined) {
        set.delete(name)
        removed.add(name.toLowerCase())
      } else {
        set.append(name, value)
        removed.delete(name.toLowerCase())
      }
    } catch {
      throw new TypeError(
        `headers must have valid names and values: got a forbidden character in the name or the value of ${JSON.stringify(name)}`,
      )
    }
  }
  for (const name of NOT_SETTABLE) {
    if (set.has(name)) {
      throw new TypeError(`headers must not set ${name}: it belongs to the connection`)
    }
  }
  return { set, removed }
}

/** Whether the application sets or removes a header; the proxy then leaves it alone. */
export function isChanged(changes: readonly HeaderChanges[], name: string): boolean {
  return changes.some(({ set, removed }) => set.has(name) || removed.has(name))
}

type Pair = readonly [name: string, value: string | null | undefined]

function pairsOf(given: HeadersLike): readonly Pair[] {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`headers must be an object, pairs or Headers: got a ${typeof given}`)
  }
  if (!(Symbol.iterator in given)) return Object.entries(given)
  const pairs = [...(given as Iterable<Pair>)]
  if (pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) return pairs
  throw new TypeError('headers must be pairs of a name and a value: got an entry of another form')
}
