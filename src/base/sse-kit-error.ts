/**
 * Stable codes of the errors that a caller may handle:
 * - `SSE_LIMIT`: an event exceeded its size limit
 * - `SSE_UPSTREAM_NETWORK`: the upstream could not be reached, or its connection broke
 * - `SSE_UPSTREAM_TIMEOUT`: the upstream timed out; `phase` names the limit
 * - `SSE_TRUNCATED`: the response ended cleanly, but before the end of its last event or of its response
 * - `SSE_UPSTREAM_STATUS`: the upstream sent a status that cannot be passed on
 * - `SSE_CLIENT_GONE`: the client disconnected
 * - `SSE_CLIENT_STALLED`: the client read nothing for `clientStallMs`
 * - `SSE_BAD_REQUEST`: the request cannot be forwarded
 * - `SSE_CIRCUIT_OPEN`: the circuit breaker is open: no request was sent
 * - `SSE_LOOP`: the request has already passed through this proxy
 * - `SSE_TRANSFORM`: the application's `transform` threw
 * - `SSE_REQUEST_SETUP`: the application's `path` or `headers` function failed
 * - `SSE_DRAINING`: the proxy is shutting down
 * - `SSE_INTERNAL`: a bug of this package, or of a function or stream that was passed to it; `cause` is the error
 */
export type SseKitErrorCode =
  | 'SSE_LIMIT'
  | 'SSE_UPSTREAM_NETWORK'
  | 'SSE_UPSTREAM_TIMEOUT'
  | 'SSE_TRUNCATED'
  | 'SSE_UPSTREAM_STATUS'
  | 'SSE_CLIENT_GONE'
  | 'SSE_CLIENT_STALLED'
  | 'SSE_BAD_REQUEST'
  | 'SSE_CIRCUIT_OPEN'
  | 'SSE_LOOP'
  | 'SSE_TRANSFORM'
  | 'SSE_REQUEST_SETUP'
  | 'SSE_DRAINING'
  | 'SSE_INTERNAL'

/**
 * Base class of the errors of this package. Wrong arguments throw `TypeError` or `RangeError` instead.
 *
 * Match on `error.code` rather than on `instanceof`: two copies of a package can be loaded at once.
 */
export class SseKitError extends Error {
  override readonly name: string = 'SseKitError'
  /** Stable between versions. */
  readonly code: SseKitErrorCode

  constructor(code: SseKitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
