import type { Verdict } from '../transforms/stream-summary.ts'

const BY_CODE: Record<string, Verdict> = {
  SSE_LIMIT: 'too_large',
  SSE_UPSTREAM_TIMEOUT: 'timeout',
  SSE_CLIENT_GONE: 'client_gone',
  SSE_CLIENT_STALLED: 'client_gone',
  SSE_TRANSFORM: 'error',
  SSE_LOOP: 'error',
  SSE_BAD_REQUEST: 'error',
  SSE_DRAINING: 'error',
}

/** What an error means for the stream that it ended: what is no error of ours came from the upstream. */
export function verdictOf(error: unknown): Verdict {
  const { code } = (error ?? {}) as { code?: string }
  return (code !== undefined && Object.hasOwn(BY_CODE, code) && BY_CODE[code]) || 'upstream_error'
}
