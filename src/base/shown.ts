/** Formats a wrong argument for an error message: short, and never the contents of an object. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(value) : 'a string'
  if (typeof value === 'function') return `the function ${value.name || '(anonymous)'}`
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null) return String(value)
  const name = (value.constructor as { name?: unknown } | undefined)?.name
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `an object of class ${name}`
    : 'an object'
}
