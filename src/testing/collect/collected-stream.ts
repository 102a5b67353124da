import type { StreamVerdict } from '../../base/stream-verdict.ts'
import type { DecodedSseEvent } from '../../wire/sse-event.ts'

/** All that came out of a stream, and when. */
export interface CollectedStream {
  /** The decoded events. */
  events: DecodedSseEvent[]
  /** The text of each comment line, less one leading space. */
  comments: string[]
  /** All bytes. */
  raw: Uint8Array
  /** All bytes as text, without a leading byte order mark, as `response.text()` gives it. */
  text: string
  /** The chunks as they arrived, not copied. */
  chunks: Uint8Array[]
  /** From the call to the first byte, in milliseconds; `undefined` if none came. */
  firstByteMs: number | undefined
  /** From the call to the first event, in milliseconds; `undefined` if none came. */
  firstEventMs: number | undefined
  /** Between one chunk and the next, in milliseconds: one fewer than there are chunks. */
  gapsMs: number[]
  /** From the call to the end, in milliseconds. */
  durationMs: number
  /** How the stream ended; `cancelled` by the signal of whoever collected it. */
  verdict: StreamVerdict
  /** With what error it ended, or for what reason it was cancelled; else `undefined`. */
  error?: unknown
}
