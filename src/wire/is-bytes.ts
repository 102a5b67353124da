/** Whether a chunk is a `Uint8Array`, of this or another realm (a frame, or the globals of a test runner). */
export function isBytes(chunk: unknown): chunk is Uint8Array {
  return (
    chunk instanceof Uint8Array || Object.prototype.toString.call(chunk) === '[object Uint8Array]'
  )
}
