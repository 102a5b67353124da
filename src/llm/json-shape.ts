/** A JSON object whose keys are not known. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The value of a JSON text, or `undefined` for what is none. */
export function jsonOf(text: string): unknown {
  // `[DONE]`, which ends most streams: creating a SyntaxError costs as much as relaying ten events.
  if (text.startsWith('[D')) return
  try {
    return JSON.parse(text)
  } catch {
    return
  }
}

/** The value as an object, or an empty one: reading a key of what is none is then never an error. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null ? (value as JsonObject) : NONE
}

/** The objects of an array, or none. */
export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(objectOf) : []
}

/** The value as a string that says something, or `undefined`. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The first value that names something, as a string: error codes are numbers in some APIs. */
export function nameOf(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    if (typeof value === 'number') return String(value)
    if (typeof value === 'string' && value !== '') return value
  }
  return
}

const NONE: JsonObject = {}
