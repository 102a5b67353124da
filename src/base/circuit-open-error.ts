import { SseKitError } from './sse-kit-error.ts'

/** An upstream failed so often that it is not asked for a while. Code `SSE_CIRCUIT_OPEN`. */
export class CircuitOpenError extends SseKitError {
  override readonly name = 'CircuitOpenError'
  /** After so many milliseconds it is asked again. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    const message = `Circuit open: no requests to the upstream for ${Math.ceil(retryAfterMs)} ms`
    super('SSE_CIRCUIT_OPEN', message, options)
    this.retryAfterMs = retryAfterMs
  }
}
