/** Returns the bytes of strings and single bytes, joined. */
export function bytes(...parts: (string | number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [part]
      return [...(typeof part === 'string' ? new TextEncoder().encode(part) : part)]
    }),
  )
}
