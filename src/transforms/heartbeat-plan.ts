import { checkNumber } from '../base/check-number.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import { shown } from '../base/shown.ts'

/** When a `HeartbeatInjector` sends heartbeats, and what they are. */
export interface HeartbeatInjectorOptions {
  /** How long no byte goes out before a heartbeat does, in milliseconds; `Infinity` for never. @default 15_000 */
  intervalMs?: number | undefined
  /**
   * The heartbeat: one comment line, or any number of comment lines and blank lines that end with a blank line.
   * Which clients accept which: see `heartbeat.frame` of the proxy. @default ': keepalive\n\n'
   */
  frame?: string | undefined
  /**
   * Whether a heartbeat goes out before the first byte of the source. Servers that keep the response head back until
   * there is a body (Next, Fastify) send it at once then. @default false
   */
  atStart?: boolean | undefined
}

const OPTIONS: OptionNames<HeartbeatInjectorOptions> = {
  intervalMs: true,
  frame: true,
  atStart: true,
}

/** Options of heartbeats, checked and encoded: once for all streams of a proxy. */
export interface HeartbeatPlan {
  readonly intervalMs: number
  readonly frame: Uint8Array
  readonly atStart: boolean
}

/** Nothing but a comment line, or comment lines and blank lines of which the last is blank. */
const FRAME = /^(?::[^\r\n]*\r?\n|(?::[^\r\n]*\r?\n|\r?\n)*\r?\n)$/

/** @throws TypeError or RangeError that names the option */
export function heartbeatPlan(options: HeartbeatInjectorOptions = {}): HeartbeatPlan {
  checkOptions('options of HeartbeatInjector', options, OPTIONS)
  const { intervalMs = 15_000, frame = ': keepalive\n\n', atStart = false } = options
  checkNumber('intervalMs', intervalMs, { min: 1, infinity: true, fraction: true })
  if (typeof frame !== 'string' || !FRAME.test(frame)) {
    throw new TypeError(
      `frame must be one comment line (": keepalive\\n"), or comment lines and blank lines that end with a blank line (": keepalive\\n\\n"): got ${shown(frame)}`,
    )
  }
  if (typeof atStart !== 'boolean') {
    throw new TypeError(`atStart must be true or false: got ${shown(atStart)}`)
  }
  return { intervalMs, frame: new TextEncoder().encode(frame), atStart }
}
