/**
 * The stable codes of every error a caller may act on.
 *
 * Match on `error.code` rather than on `instanceof`: two copies of a package can be loaded at once.
 */
export type SseKitErrorCode = 'SSE_LIMIT'

/** The base of every error this package throws on purpose; wrong arguments are `TypeError` or `RangeError` instead. */
export class SseKitError extends Error {
  override readonly name: string = 'SseKitError'
  /** What went wrong, in a word that does not change between versions. */
  readonly code: SseKitErrorCode

  constructor(code: SseKitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
