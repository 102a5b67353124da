import { SseKitError } from './sse-kit-error.ts'

/** The circuit breaker of an upstream is open: no request was sent. Code `SSE_CIRCUIT_OPEN`. */
export class CircuitOpenError extends SseKitError {
  override readonly name = 'CircuitOpenError'
  /** Milliseconds until the breaker lets a request through. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    const message = `Circuit open: no requests to the upstream for ${Math.ceil(retryAfterMs)} ms`
    super('SSE_CIRCUIT_OPEN', message, options)
    this.retryAfterMs = retryAfterMs
  }
}
