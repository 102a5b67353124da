import { SseKitError } from './sse-kit-error.ts'

/**
 * The upstream could not be reached, or its connection broke. Code `SSE_UPSTREAM_NETWORK`.
 *
 * `cause` is the HTTP client's error. It may contain addresses: do not send it to clients.
 */
export class UpstreamNetworkError extends SseKitError {
  override readonly name = 'UpstreamNetworkError'

  constructor(cause: unknown) {
    super('SSE_UPSTREAM_NETWORK', 'The upstream could not be reached, or its connection broke', {
      cause,
    })
  }
}
