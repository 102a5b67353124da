import { SseKitError } from './sse-kit-error.ts'

/**
 * The upstream could not be reached, or its connection broke. Code `SSE_UPSTREAM_NETWORK`.
 *
 * `cause` is what the HTTP client said; it may name addresses, so it is not for clients' eyes.
 */
export class UpstreamNetworkError extends SseKitError {
  override readonly name = 'UpstreamNetworkError'

  constructor(cause: unknown) {
    super('SSE_UPSTREAM_NETWORK', 'The upstream could not be reached, or its connection broke', {
      cause,
    })
  }
}
