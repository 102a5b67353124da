/**
 * Returns bytes that are to be kept, for example for a slow client: copied if they are a small part of their memory. They
 * would retain all of that memory, which is often one socket read of up to 64 KiB, for many streams with HTTP/2.
 *
 * Not for bytes that are used at once: memory of its own costs a microsecond a chunk.
 */
export function compact(bytes: Uint8Array): Uint8Array {
  const { buffer, length } = bytes
  return buffer.byteLength > 4 * length + 1024 ? new Uint8Array(bytes) : bytes
}
