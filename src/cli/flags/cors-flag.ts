import { UsageError } from './usage-error.ts'

/**
 * Reads the origins of pages that may call the proxy.
 *
 * @throws {@link UsageError} for a value that is neither `*` nor an origin
 */
export function corsFlag(values: readonly string[]): readonly string[] {
  for (const value of values) {
    if (value === '*') continue
    const origin = URL.canParse(value) ? new URL(value).origin : 'null'
    if (value === origin && origin !== 'null') continue
    const hint = origin === 'null' ? '' : `, did you mean ${origin}?`
    throw new UsageError(
      `--cors must be * or an origin such as https://app.example: got "${value}"${hint}`,
    )
  }
  return values
}
