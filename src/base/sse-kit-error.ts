/**
 * The stable codes of every error a caller may act on:
 * - `SSE_LIMIT`: an event was longer than its limit
 * - `SSE_UPSTREAM_NETWORK`: the upstream could not be reached, or its connection broke
 * - `SSE_UPSTREAM_TIMEOUT`: the upstream took too long; `phase` says at what
 * - `SSE_UPSTREAM_STATUS`: the upstream answered with a status that cannot be passed on
 * - `SSE_CLIENT_GONE`: the client left
 * - `SSE_CLIENT_STALLED`: the client took nothing for too long
 * - `SSE_BAD_REQUEST`: the request cannot be passed on as it is
 * - `SSE_CIRCUIT_OPEN`: the upstream failed so often that it is not asked for a while
 * - `SSE_LOOP`: the request has come through this proxy before
 * - `SSE_TRANSFORM`: the application's `transform` threw
 * - `SSE_REQUEST_SETUP`: the application's function `path` or `headers` failed
 * - `SSE_DRAINING`: the proxy is shutting down
 * - `SSE_INTERNAL`: a bug of this package, or of a function or stream that was passed to it; `cause` is the error
 */
export type SseKitErrorCode =
  | 'SSE_LIMIT'
  | 'SSE_UPSTREAM_NETWORK'
  | 'SSE_UPSTREAM_TIMEOUT'
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
 * The base of every error this package throws on purpose; wrong arguments are `TypeError` or `RangeError`.
 *
 * Match on `error.code` rather than on `instanceof`: two copies of a package can be loaded at once.
 */
export class SseKitError extends Error {
  override readonly name: string = 'SseKitError'
  /** What went wrong, in a word that does not change between versions. */
  readonly code: SseKitErrorCode

  constructor(code: SseKitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
