import type { StreamVerdict } from '../../base/stream-verdict.ts'
import type { DecodedSseEvent } from '../../wire/sse-event.ts'

/** Everything that a stream has delivered, and when. */
export interface CollectedStream {
  /** The decoded events. */
  events: DecodedSseEvent[]
  /** The text of each comment line, without one leading space. */
  comments: string[]
  /** All bytes. */
  raw: Uint8Array
  /** All bytes as text, without a leading byte order mark, as `response.text()` returns it. */
  text: string
  /** The chunks as they arrived, not copied. */
  chunks: Uint8Array[]
  /** From the call to the first byte, in milliseconds; `undefined` if none arrived. */
  firstByteMs: number | undefined
  /** From the call to the first event, in milliseconds; `undefined` if none arrived. */
  firstEventMs: number | undefined
  /** The times between consecutive chunks, in milliseconds: one fewer than `chunks`. */
  gapsMs: number[]
  /** From the call to the end, in milliseconds. */
  durationMs: number
  /** How the stream ended: `cancelled` if the signal aborted, `truncated` for a clean end inside an event. */
  verdict: StreamVerdict
  /** The error that it ended with, or the reason that it was cancelled with; else `undefined`. */
  error?: unknown
}
