const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br'])

/**
 * Whether `fetch` has taken the content coding off a body.
 *
 * It does so only if it knows all the codings named, and leaves header and bytes alone otherwise, so the
 * header may be dropped only then.
 */
export function isDecodedByFetch(contentEncoding: string): boolean {
  return contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .every((coding) => DECODED.has(coding) || (coding === 'zstd' && hasZstd()))
}

function hasZstd(): boolean {
  // Asked for at run time: this room is loaded where there is no Node, and older Nodes have no zstd.
  const runtime = globalThis as {
    process?: { getBuiltinModule?: (id: string) => object | undefined }
  }
  const zlib = runtime.process?.getBuiltinModule?.('node:zlib')
  return zlib !== undefined && 'createZstdDecompress' in zlib
}
