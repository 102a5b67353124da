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

/** Which frame `'auto'` sends: that of the first row that applies. Each was tried with the real clients (docs/heartbeats.md). */
const AUTO: readonly {
  applies: (context: HeartbeatContext) => boolean
  frame: keyof typeof FRAMES
}[] = [
  {
    // Sent by EventSource, its replacements and MCP clients, which all read line by line. fetch-event-source and sse.js
    // report each blank line as a message. No client of Google's sends it.
    applies: ({ accept }) => accept !== null && acceptsEventStream(accept),
    frame: 'comment-line',
  },
  {
    // Google's clients lose the text behind a comment line, or throw; all of them ignore a blank line.
    applies: ({ dialect }) => dialect.heartbeat === 'blank',
    frame: 'blank',
  },
  {
    // The SDKs of OpenAI and Anthropic, and the AI SDK, ignore a block of one comment.
    applies: () => true,
    frame: 'comment',
  },
]

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
  // Encoded once for all streams.
  const rows = AUTO.map(({ applies, frame }) => ({
    applies,
    plan: heartbeatPlan({ ...others, frame: FRAMES[frame] }),
  }))
  return (context) => rows.find(({ applies }) => applies(context))?.plan
}
