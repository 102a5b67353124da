/** Unlike any comment of an upstream, so that what the proxy added can be told from what it relayed. */
export const HEARTBEAT_COMMENT = 'heartbeat of sse-stream-kit'

/** The heartbeat of the demo's proxy, as it goes out. */
export const HEARTBEAT_FRAME: string = `: ${HEARTBEAT_COMMENT}\n\n`

/** At the start of a line only: the same letters may stand inside of data. */
const AT_LINE_START = new RegExp(`(?<![^\\r\\n])${HEARTBEAT_FRAME}`, 'g')

/** An answer less the heartbeats of the demo's proxy, and how many those were. */
export function withoutHeartbeats(answer: Uint8Array): { bytes: Uint8Array; heartbeats: number } {
  // Latin-1 is a character a byte, whatever the bytes are.
  const text = Buffer.from(answer).toString('latin1')
  const rest = text.replaceAll(AT_LINE_START, '')
  const heartbeats = (text.length - rest.length) / HEARTBEAT_FRAME.length
  return { bytes: Buffer.from(rest, 'latin1'), heartbeats }
}
