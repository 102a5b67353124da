import { SseKitError } from './sse-kit-error.ts'

/** What an upstream can take too long for. */
export type TimeoutPhase = 'connect' | 'headers' | 'firstEvent' | 'idle' | 'total'

/** The upstream took too long. Code `SSE_UPSTREAM_TIMEOUT`. */
export class UpstreamTimeoutError extends SseKitError {
  override readonly name = 'UpstreamTimeoutError'
  /** What it took too long for. */
  readonly phase: TimeoutPhase
  /** The limit in milliseconds. */
  readonly timeoutMs: number

  constructor(phase: TimeoutPhase, timeoutMs: number, options?: ErrorOptions) {
    super(
      'SSE_UPSTREAM_TIMEOUT',
      `The upstream took too long as ${phase}Ms is ${timeoutMs}`,
      options,
    )
    this.phase = phase
    this.timeoutMs = timeoutMs
  }
}
