import { isSseKitError } from '../base/outcomes.ts'
import type { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'

/** Returns what a body failed with as a coded error: an abort with a reason of ours comes back as that reason. */
export function toNetworkError(reason: unknown): SseKitError {
  return isSseKitError(reason) ? reason : new UpstreamNetworkError(reason)
}
