import type { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'

/** Returns what kept an answer from coming as a coded error, with what undici says of connections that took too long. */
export function toSendError(error: unknown, connectMs: number): SseKitError {
  // `fetch` wraps the error of its dispatcher.
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  return code === 'UND_ERR_CONNECT_TIMEOUT' || cause?.code === 'UND_ERR_CONNECT_TIMEOUT'
    ? new UpstreamTimeoutError('connect', connectMs, { cause: error })
    : new UpstreamNetworkError(error)
}
