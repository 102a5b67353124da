import { SseKitError } from './sse-kit-error.ts'

/** The phase of a request in which the upstream exceeded a limit of `timeouts`. */
export type TimeoutPhase = 'connect' | 'headers' | 'first_event' | 'idle' | 'total'

const LIMITS: Readonly<Record<TimeoutPhase, { option: string; missed: string }>> = {
  connect: { option: 'connectMs', missed: 'not connected after' },
  headers: { option: 'headersMs', missed: 'no response headers for' },
  first_event: { option: 'firstEventMs', missed: 'no event for' },
  idle: { option: 'idleMs', missed: 'idle for' },
  total: { option: 'totalMs', missed: 'not complete after' },
}

/** The upstream timed out. Code `SSE_UPSTREAM_TIMEOUT`. */
export class UpstreamTimeoutError extends SseKitError {
  override readonly name = 'UpstreamTimeoutError'
  /** The phase whose limit was exceeded. */
  readonly phase: TimeoutPhase
  /** The limit in milliseconds. */
  readonly timeoutMs: number

  constructor(phase: TimeoutPhase, timeoutMs: number, options?: ErrorOptions) {
    const { option, missed } = LIMITS[phase]
    super(
      'SSE_UPSTREAM_TIMEOUT',
      `Upstream timed out: ${missed} ${timeoutMs} ms (timeouts.${option})`,
      options,
    )
    this.phase = phase
    this.timeoutMs = timeoutMs
  }
}
