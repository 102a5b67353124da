/** Unlike any comment of an upstream, to tell the proxy's heartbeats from relayed comments. */
export const HEARTBEAT_COMMENT = 'heartbeat of sse-stream-kit'

/** The bytes of the demo's heartbeat, as text. */
export const HEARTBEAT_FRAME: string = `: ${HEARTBEAT_COMMENT}\n\n`

/** At the start of a line only: data may contain the same text. */
const AT_LINE_START = new RegExp(`(?<![^\\r\\n])${HEARTBEAT_FRAME}`, 'g')

/** Removes the heartbeats of the demo's proxy from a response, and counts them. */
export function withoutHeartbeats(answer: Uint8Array): { bytes: Uint8Array; heartbeats: number } {
  // Latin-1 maps every byte to one character.
  const text = Buffer.from(answer).toString('latin1')
  const rest = text.replaceAll(AT_LINE_START, '')
  const heartbeats = (text.length - rest.length) / HEARTBEAT_FRAME.length
  return { bytes: Buffer.from(rest, 'latin1'), heartbeats }
}
