/** A content coding that can be decoded. */
export type Coding = 'gzip' | 'x-gzip' | 'deflate' | 'br' | 'zstd'

const CODINGS: readonly string[] = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'] satisfies Coding[]
/** The limit of `fetch`: each coding can expand its input a thousandfold. */
const MAX_CODINGS = 5
/** Headers that describe the encoded bytes. */
const ENCODED_BYTES_HEADERS = [
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]

/**
 * Returns the codings of a `content-encoding` in decoding order, or none if one of them is unsupported: header and
 * bytes then stay unchanged, as with `fetch`.
 */
export function decodedCodings(contentEncoding: string): readonly Coding[] {
  if (contentEncoding === '') return []
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
  const areKnown = codings.every(
    (coding) => CODINGS.includes(coding) && (coding !== 'zstd' || hasZstd()),
  )
  return areKnown && codings.length <= MAX_CODINGS ? (codings.reverse() as Coding[]) : []
}

/** Adapts the headers of a response whose body `fetch` has decoded; does nothing for any other. */
export function dropDecoded(headers: Headers): void {
  const coding = headers.get('content-encoding')
  if (coding === null || decodedCodings(coding).length === 0) return
  for (const name of ENCODED_BYTES_HEADERS) headers.delete(name)
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) headers.set('etag', `W/${etag}`)
}

function hasZstd(): boolean {
  // Looked up at run time: this module also loads without Node, and Node before 22.15 has no zstd.
  const runtime = globalThis as {
    process?: { getBuiltinModule?: (id: string) => object | undefined }
  }
  const zlib = runtime.process?.getBuiltinModule?.('node:zlib')
  return zlib !== undefined && 'createZstdDecompress' in zlib
}
