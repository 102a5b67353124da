import { SseKitError } from '../base/sse-kit-error.ts'

/**
 * The upstream answered a committed request with something else than an event stream. Code `SSE_UPSTREAM_STATUS`.
 *
 * The client has been sent a 200 by then, so it is told in an error frame.
 */
export class LateResponseError extends SseKitError {
  override readonly name = 'LateResponseError'
  /** The status that the upstream sent. */
  readonly lateStatus: number
  /** Its `retry-after` in seconds, if it sent one. */
  readonly retryAfter: number | undefined

  constructor(lateStatus: number, message: string, retryAfter: number | undefined) {
    super('SSE_UPSTREAM_STATUS', message)
    this.lateStatus = lateStatus
    this.retryAfter = retryAfter
  }
}
