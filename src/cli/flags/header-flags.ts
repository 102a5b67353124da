import { UsageError } from './usage-error.ts'

/**
 * Reads `name: value` pairs as headers. The last of several values for a name counts; empty values are refused.
 *
 * @throws {@link UsageError} that never shows a value, which may be a key
 */
export function headerFlags(pairs: readonly string[]): Headers {
  const headers = new Headers()
  for (const pair of pairs) {
    const colon = pair.indexOf(':')
    if (colon < 1)
      throw new UsageError("--header must look like 'name: value': the colon is missing")
    const name = pair.slice(0, colon).trim()
    const value = pair.slice(colon + 1).trim()
    // "Bearer $KEY" is "Bearer" when the variable is not set.
    if (value === '' || /^(?:bearer|basic)$/i.test(value)) {
      throw new UsageError(
        `--header has no value for ${JSON.stringify(name)}: check that the variable that holds it is set`,
      )
    }
    try {
      headers.set(name, value)
    } catch {
      throw new UsageError(
        `--header must look like 'name: value': the name or the value of ${JSON.stringify(name)} has a character that HTTP does not allow`,
      )
    }
  }
  return headers
}
