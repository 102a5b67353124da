/** Depth limit for the chain of causes, which may be circular. */
const MAX_DEPTH = 8
/** A name such as `ECONNREFUSED`; keeps any other text out of log lines. */
const NAME = /^[A-Z][A-Z0-9_]{1,63}$/

/**
 * Returns the innermost code among an error's causes that is not an `SSE_` code, such as `ECONNREFUSED`,
 * `ENOTFOUND` or `DEPTH_ZERO_SELF_SIGNED_CERT`; `undefined` if there is none.
 */
export function causeCode(error: unknown): string | undefined {
  let found: string | undefined
  let current = error
  for (
    let depth = 0;
    depth < MAX_DEPTH && typeof current === 'object' && current !== null;
    depth++
  ) {
    const { code, cause, errors } = current as { code?: unknown; cause?: unknown; errors?: unknown }
    if (typeof code === 'string' && NAME.test(code) && !code.startsWith('SSE_')) found = code
    // An AggregateError has one error per address of the host; the first one is enough.
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return found
}
