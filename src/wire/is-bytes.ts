/** Whether a chunk is a `Uint8Array`, also one of another realm (a frame, a test runner's own globals). */
export function isBytes(chunk: unknown): chunk is Uint8Array {
  return (
    chunk instanceof Uint8Array || Object.prototype.toString.call(chunk) === '[object Uint8Array]'
  )
}
