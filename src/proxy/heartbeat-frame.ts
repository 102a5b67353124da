import { acceptsEventStream } from '../http/media-type.ts'

/** What the choice of a heartbeat depends on. */
export interface HeartbeatContext {
  pathname: string
  /** The client's `accept` header. */
  accept: string | null
}

const COMMENT = ': keepalive\n\n'
const COMMENT_LINE = ': keepalive\n'
const BLANK = '\n'

/**
 * Returns the bytes of a heartbeat: those that `heartbeat.frame` names, and for `'auto'` a frame that the client
 * which sent the request ignores.
 */
export function heartbeatFrame(frame: string, { pathname, accept }: HeartbeatContext): string {
  if (frame === 'comment') return COMMENT
  if (frame === 'comment-line') return COMMENT_LINE
  if (frame === 'blank') return BLANK
  if (frame !== 'auto') return frame
  // Sent by EventSource, its replacements and MCP clients, which all read line by line. Some of them report each
  // blank line as a message. No client of Google's sends it to the paths below.
  if (accept !== null && acceptsEventStream(accept)) return COMMENT_LINE
  // Google's clients lose the text behind a comment, or throw; they all ignore a blank line.
  return pathname.includes(':streamGenerateContent') ? BLANK : COMMENT
}
