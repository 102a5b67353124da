/** A content coding that can be decoded. */
export type Coding = 'gzip' | 'x-gzip' | 'deflate' | 'br' | 'zstd'

const CODINGS: readonly string[] = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'] satisfies Coding[]
/** As `fetch` has it: each coding can multiply what is decoded a thousand times. */
const MAX_CODINGS = 5
/** Headers that speak of the coded bytes. */
const OF_CODED_BYTES = [
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'content-digest',
  'repr-digest',
]

/**
 * Returns the codings of a `content-encoding` in the order in which they are decoded, or none if not all of them can
 * be: `fetch` leaves header and bytes alone then, and so do we.
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

/** Makes the headers of a body that was decoded, if it was, true for what it is now. */
export function dropDecoded(headers: Headers): void {
  const coding = headers.get('content-encoding')
  if (coding === null || decodedCodings(coding).length === 0) return
  for (const name of OF_CODED_BYTES) headers.delete(name)
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) headers.set('etag', `W/${etag}`)
}

function hasZstd(): boolean {
  // Asked for at run time: this module is loaded where there is no Node, and older Nodes have no zstd.
  const runtime = globalThis as {
    process?: { getBuiltinModule?: (id: string) => object | undefined }
  }
  const zlib = runtime.process?.getBuiltinModule?.('node:zlib')
  return zlib !== undefined && 'createZstdDecompress' in zlib
}
