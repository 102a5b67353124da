import { acceptsEventStream } from '../http/media-type.ts'
import type { Dialect } from '../llm/dialect.ts'
import { type HeartbeatPlan, heartbeatPlan } from '../transforms/heartbeat-plan.ts'
import type { ProxyOptions } from './proxy-options.ts'

/** What the choice of a heartbeat depends on. */
export interface HeartbeatContext {
  /** The likely dialect of the response, by the request. */
  dialect: Dialect
  /** The client's `accept` header. */
  accept: string | null
}

/** Returns the heartbeats of a stream, or `undefined` for none. */
export type HeartbeatFor = (context: HeartbeatContext) => HeartbeatPlan | undefined

const FRAMES = {
  comment: ': keepalive\n\n',
  'comment-line': ': keepalive\n',
  blank: '\n',
} as const

/**
 * Prepares the heartbeats of a proxy: those that `heartbeat.frame` names, and for `'auto'` those that the client
 * which sent the request ignores.
 *
 * @throws TypeError or RangeError that names the option
 */
export function heartbeatPlans(options: NonNullable<ProxyOptions['heartbeat']>): HeartbeatFor {
  if (options === false) return () => undefined
  const { frame = 'auto', commitAfterMs: _, ...others } = options
  if (frame !== 'auto') {
    const plan = heartbeatPlan({
      ...others,
      frame: Object.hasOwn(FRAMES, frame) ? FRAMES[frame as keyof typeof FRAMES] : frame,
    })
    return () => plan
  }
  const comment = heartbeatPlan({ ...others, frame: FRAMES.comment })
  const commentLine = heartbeatPlan({ ...others, frame: FRAMES['comment-line'] })
  const blank = heartbeatPlan({ ...others, frame: FRAMES.blank })
  return ({ dialect, accept }) => {
    // Sent by EventSource, its replacements and MCP clients, which all read line by line. Some of them report each
    // blank line as a message. No client of Google's sends it to the paths below.
    if (accept !== null && acceptsEventStream(accept)) return commentLine
    return dialect.heartbeat === 'blank' ? blank : comment
  }
}
