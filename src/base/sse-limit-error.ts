import { SseKitError } from './sse-kit-error.ts'

/**
 * A bound was passed: an event was longer than its limit. Code `SSE_LIMIT`.
 *
 * Everything that was whole before the event in question has been delivered.
 */
export class SseLimitError extends SseKitError {
  override readonly name = 'SseLimitError'
  /** The name of the option that sets the limit. */
  readonly option: string
  /** The limit, in the unit that the option's name ends with. */
  readonly limit: number
  /** How much had arrived when the limit was passed; the event may have been longer still. */
  readonly actual: number

  constructor(option: string, limit: number, actual: number) {
    super('SSE_LIMIT', `Event too large: received at least ${actual}, ${option} is ${limit}`)
    this.option = option
    this.limit = limit
    this.actual = actual
  }
}
