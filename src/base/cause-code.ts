/** Causes are followed this far: an error may be its own cause. */
const MAX_DEPTH = 8
/** A name such as `ECONNREFUSED`: nothing else may get into a log line. */
const NAME = /^[A-Z][A-Z0-9_]{1,63}$/

/**
 * Returns the innermost code of an error's causes that is not one of ours, such as `ECONNREFUSED`, `ENOTFOUND`
 * or `DEPTH_ZERO_SELF_SIGNED_CERT`; `undefined` if there is none.
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
    // One attempt per address of a host: the first says as much as the others.
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return found
}
