/** Wraps a reason that is no Error: Node and undici destroy streams and sockets with an Error only. */
export function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The request was aborted', { cause: reason })
}
