/** How much of a body equals what was sent. */
export interface FrameMatch {
  /** The number of whole frames received in order and unchanged. */
  frames: number
  heartbeats: number
  /** Bytes after them that are not the beginning of the next frame; empty for a correct body. */
  rest: Buffer
  /** The beginning of the next frame, if the body ended inside it. */
  tail: Buffer
}

/**
 * Compares what a client received with the frames that were sent. Heartbeats are allowed between two frames only:
 * inside a frame they are a difference.
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
