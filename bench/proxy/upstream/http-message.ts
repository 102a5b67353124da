/** A complete HTTP/1.1 message. */
export interface HttpMessage {
  /** Start line and headers. */
  head: string
  body: Buffer
  /** Number of chunks of the body: one per write of the sender. */
  chunks: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

/** Parses one message at the start of the bytes; `undefined` as long as it is incomplete. */
export function parseMessage(bytes: Buffer): HttpMessage | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd === -1) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const start = headEnd + 4
  const length = /\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = start + Number(length)
    return bytes.length < end ? undefined : { head, body: bytes.subarray(start, end), chunks: 1 }
  }
  if (!/\ntransfer-encoding: *chunked/i.test(head)) {
    return { head, body: bytes.subarray(start, start), chunks: 0 }
  }
  const parts = chunksOf(bytes, start)
  if (!parts.isComplete) return undefined
  return { head, body: joined(parts.chunks), chunks: parts.chunks.length }
}

/** Chunks of a chunked body. */
export interface Chunks {
  chunks: Buffer[]
  /** Where the next chunk begins. */
  end: number
  /** Whether the last chunk has arrived. */
  isComplete: boolean
}

/** The whole chunks of a chunked body that begins at `start`. */
export function chunksOf(bytes: Buffer, start: number): Chunks {
  const chunks: Buffer[] = []
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf(LINE_END, at)
    if (lineEnd === -1) return { chunks, end: at, isComplete: false }
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return { chunks, end: at, isComplete: false }
    if (size === 0) return { chunks, end, isComplete: true }
    chunks.push(bytes.subarray(lineEnd + 2, end))
    at = end + 2
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}
