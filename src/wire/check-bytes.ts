import { isBytes } from './is-bytes.ts'

/**
 * Checks that a chunk is bytes, and not, for example, the text of a stream that was already decoded.
 *
 * Without the check a splitter would find no line end in text, and copy it as zeros.
 *
 * @throws TypeError that names what the chunk is
 */
export function checkBytes(chunk: Uint8Array): void {
  if (isBytes(chunk)) return
  const kind = Object.prototype.toString.call(chunk).slice(8, -1)
  throw new TypeError(`A chunk must be a Uint8Array: got a ${kind}`)
}
