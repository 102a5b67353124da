import { UsageError } from './usage-error.ts'

/**
 * Reads `name: value` pairs as headers; of a name that comes twice the last one counts.
 *
 * @throws {@link UsageError} that never shows a value, as that may be a key
 */
export function headerFlags(pairs: readonly string[]): Headers {
  const headers = new Headers()
  for (const pair of pairs) {
    const colon = pair.indexOf(':')
    if (colon < 1)
      throw new UsageError("--header must look like 'name: value': the colon is missing")
    const name = pair.slice(0, colon).trim()
    try {
      headers.set(name, pair.slice(colon + 1).trim())
    } catch {
      throw new UsageError(
        `--header must look like 'name: value': the name or the value of ${JSON.stringify(name)} is not allowed`,
      )
    }
  }
  return headers
}
