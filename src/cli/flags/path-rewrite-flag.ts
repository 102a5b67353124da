import { UsageError } from './usage-error.ts'

/**
 * Reads `FROM=TO` pairs as rules of the proxy's `path` option. The last of several rules for a path counts.
 *
 * @throws {@link UsageError} for a pair that is not a rule
 */
export function pathRewriteFlag(pairs: readonly string[]): Record<string, string> | undefined {
  if (pairs.length === 0) return undefined
  const rules: Record<string, string> = {}
  for (const pair of pairs) {
    const [, from, to] = /^(\/[^?#=]*)=(\/[^?#]*)$/.exec(pair) ?? []
    if (from === undefined || to === undefined) {
      throw new UsageError(
        `--path-rewrite must look like /from=/to, two paths without a query: got "${pair}"`,
      )
    }
    if (from.endsWith('/') && !to.endsWith('/')) {
      throw new UsageError(
        `--path-rewrite must end with a slash on both sides to replace a prefix: got "${pair}"`,
      )
    }
    rules[from] = to
  }
  return rules
}
