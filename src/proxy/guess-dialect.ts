import type { Dialect } from '../llm/dialect.ts'
import { dialectOf } from '../llm/dialects.ts'

/**
 * Returns the dialect that a request is likely answered in: the configured one, or the one its path belongs to. The
 * path also decides if no dialects are configured.
 */
export function guessDialect(pathname: string, dialects: readonly Dialect[]): Dialect {
  const [only] = dialects
  if (dialects.length === 1 && only !== undefined) return only
  return only === undefined ? dialectOf(pathname) : dialectOf(pathname, dialects)
}
