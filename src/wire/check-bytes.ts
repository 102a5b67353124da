import { isBytes } from './is-bytes.ts'

/**
 * Refuses a chunk that is no bytes, such as the text of a stream that was decoded before.
 *
 * Without it a splitter would find no line end in a text, and hold zeros in its place.
 *
 * @throws TypeError that names what the chunk is
 */
export function checkBytes(chunk: Uint8Array): void {
  if (isBytes(chunk)) return
  const kind = Object.prototype.toString.call(chunk).slice(8, -1)
  throw new TypeError(`A chunk must be a Uint8Array: got a ${kind}`)
}
