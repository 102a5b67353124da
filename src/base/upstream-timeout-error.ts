import { SseKitError } from './sse-kit-error.ts'

/** The limit of `timeouts` that an upstream exceeded, without its `Ms`. */
export type TimeoutPhase = 'connect' | 'headers' | 'firstEvent' | 'idle' | 'total'

const MISSED: Readonly<Record<TimeoutPhase, string>> = {
  connect: 'not connected after',
  headers: 'no response headers for',
  firstEvent: 'no event for',
  idle: 'idle for',
  total: 'not complete after',
}

/** The upstream timed out. Code `SSE_UPSTREAM_TIMEOUT`. */
export class UpstreamTimeoutError extends SseKitError {
  override readonly name = 'UpstreamTimeoutError'
  /** The limit that was exceeded, without its `Ms`. */
  readonly phase: TimeoutPhase
  /** The limit in milliseconds. */
  readonly timeoutMs: number

  constructor(phase: TimeoutPhase, timeoutMs: number, options?: ErrorOptions) {
    super(
      'SSE_UPSTREAM_TIMEOUT',
      `Upstream timed out: ${MISSED[phase]} ${timeoutMs} ms (timeouts.${phase}Ms)`,
      options,
    )
    this.phase = phase
    this.timeoutMs = timeoutMs
  }
}
