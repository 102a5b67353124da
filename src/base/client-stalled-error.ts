import { SseKitError } from './sse-kit-error.ts'

/** The client read nothing for `clientStallMs` and was disconnected. Code `SSE_CLIENT_STALLED`. */
export class ClientStalledError extends SseKitError {
  override readonly name = 'ClientStalledError'
  /** The limit in milliseconds. */
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super(
      'SSE_CLIENT_STALLED',
      `Client stalled: nothing read for ${timeoutMs} ms (timeouts.clientStallMs)`,
    )
    this.timeoutMs = timeoutMs
  }
}
