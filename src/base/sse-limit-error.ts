import { SseKitError } from './sse-kit-error.ts'

/**
 * An event exceeded its size limit. Code `SSE_LIMIT`.
 *
 * Every event before it has been delivered.
 */
export class SseLimitError extends SseKitError {
  override readonly name = 'SseLimitError'
  /** Name of the option that sets the limit. */
  readonly option: string
  /** The limit, in the unit that the option's name ends with. */
  readonly limit: number
  /** How much had arrived when the limit was exceeded; the event may be longer. */
  readonly actual: number

  constructor(option: string, limit: number, actual: number) {
    super('SSE_LIMIT', `Event too large: received at least ${actual}, ${option} is ${limit}`)
    this.option = option
    this.limit = limit
    this.actual = actual
  }
}
