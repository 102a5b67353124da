import { isSseKitError } from '../base/outcomes.ts'
import type { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'

/** Returns the error of a body as a coded error: itself if it has a code, such as the reason of an abort. */
export function toNetworkError(reason: unknown): SseKitError {
  return isSseKitError(reason) ? reason : new UpstreamNetworkError(reason)
}
