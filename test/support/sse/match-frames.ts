/** How far a body is what was sent. */
export interface FrameMatch {
  /** So many whole frames came, in order and unchanged. */
  frames: number
  heartbeats: number
  /** What came behind them that is no beginning of the next frame; empty where all is well. */
  rest: Buffer
  /** The beginning of the next frame, where the body ended inside of it. */
  tail: Buffer
}

/**
 * Compares what a client received with the frames that were sent. A heartbeat may stand between two frames and
 * nowhere else: inside of one it is a difference like any other.
 */
export function matchFrames(
  received: Buffer,
  sent: readonly Buffer[],
  heartbeat: Buffer,
): FrameMatch {
  let at = 0
  let frames = 0
  let heartbeats = 0
  const startsWith = (bytes: Buffer): boolean =>
    bytes.length > 0 && received.subarray(at, at + bytes.length).equals(bytes)
  while (at < received.length) {
    const next = sent[frames]
    if (next !== undefined && startsWith(next)) {
      at += next.length
      frames++
    } else if (startsWith(heartbeat)) {
      at += heartbeat.length
      heartbeats++
    } else {
      const left = received.subarray(at)
      const isTail = next?.subarray(0, left.length).equals(left) === true
      return isTail
        ? { frames, heartbeats, rest: Buffer.alloc(0), tail: left }
        : { frames, heartbeats, rest: left, tail: Buffer.alloc(0) }
    }
  }
  return { frames, heartbeats, rest: Buffer.alloc(0), tail: Buffer.alloc(0) }
}
