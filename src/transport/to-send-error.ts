import type { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'

/** Returns the error of a request as a coded error. undici's connect timeout becomes a timeout of phase `connect`. */
export function toSendError(error: unknown, connectMs: number): SseKitError {
  // `fetch` wraps the error of its dispatcher.
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null }
  return code === 'UND_ERR_CONNECT_TIMEOUT' || cause?.code === 'UND_ERR_CONNECT_TIMEOUT'
    ? new UpstreamTimeoutError('connect', connectMs, { cause: error })
    : new UpstreamNetworkError(error)
}
