/** The codes of what the client did, or what this side did: they say nothing about the upstream. */
const NOT_ITS_FAULT: ReadonlySet<unknown> = new Set([
  'SSE_BAD_REQUEST',
  'SSE_CLIENT_GONE',
  'SSE_CLIENT_STALLED',
  'SSE_DRAINING',
  'SSE_LOOP',
  'SSE_TRANSFORM',
])

/**
 * Whether an error speaks against the upstream. Others must not open its circuit: a client that leaves five
 * times, or sends five requests that are refused, would take the upstream away from everybody.
 */
export function isUpstreamFailure(error: unknown): boolean {
  return !NOT_ITS_FAULT.has((error as { code?: unknown } | null | undefined)?.code)
}
