import { OutgoingMessage } from 'node:http'
import { compact } from '../base/compact.ts'

/** From about twice this size, copying a chunk costs more than two more buffers. */
const MAX_BYTES = 2_048
const DIGITS = Buffer.from('0123456789abcdef')
const CR = 13
const LF = 10

/** A replacement, for example of a compressing middleware, must receive the bytes of the body without the coding. */
const nodeWrite: unknown = OutgoingMessage.prototype.write

/** The part of a response that is used; the types of node:http and node:http2 do not overlap. */
export interface ChunkSink {
  readonly writableLength: number
  chunkedEncoding?: boolean
  readonly writableCorked?: number
  write(chunk: Uint8Array, onWritten?: () => void): boolean
}

/**
 * Writes a chunk of a body to a Node response. Returns whether more may be written now.
 *
 * Node's chunked coding makes three buffers of a chunk. This makes one, where the head has been written, the chunk is
 * small, nothing is corked, and `write` is Node's own. `res.write` still does everything else.
 */
export function writeChunk(res: ChunkSink, chunk: Uint8Array, onWritten?: () => void): boolean {
  // Node keeps what the socket does not accept at once.
  if (!canFrame(res, chunk)) return res.write(compact(chunk), onWritten)
  const framed = frame(chunk)
  // Node must neither frame it again nor be left without the coding, which `end()` needs.
  res.chunkedEncoding = false
  try {
    return res.write(framed, onWritten)
  } finally {
    res.chunkedEncoding = true
  }
}

/** Whether `write` is that of node:http, which calls back; a replacement may not. */
export function hasNodeWrite(res: ChunkSink): boolean {
  return res.write === nodeWrite
}

function canFrame(res: ChunkSink, chunk: Uint8Array): boolean {
  return (
    res.chunkedEncoding === true &&
    hasNodeWrite(res) &&
    chunk.length <= MAX_BYTES &&
    // A corked response queues chunks in a list of its own, which this one would overtake.
    res.writableCorked === 0
  )
}

function frame(chunk: Uint8Array): Uint8Array {
  const { length } = chunk
  const digits = length < 0x10 ? 1 : length < 0x100 ? 2 : 3
  const framed = Buffer.allocUnsafe(digits + length + 4)
  for (let at = digits - 1, left = length; at >= 0; at--, left >>= 4) {
    framed[at] = DIGITS[left & 15] as number
  }
  framed[digits] = CR
  framed[digits + 1] = LF
  framed.set(chunk, digits + 2)
  framed[digits + length + 2] = CR
  framed[digits + length + 3] = LF
  return framed
}
