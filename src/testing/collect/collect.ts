import type { CollectOptions } from './collect-options.ts'
import type { CollectedStream } from './collected-stream.ts'
import { readAll } from './read-all.ts'

/**
 * Reads a stream to its end and gives all that came: events, comments, bytes, chunks, times, and how it ended.
 *
 * An error of the stream is a result like any other (`verdict: 'error'`), not a rejection.
 *
 * - Holds the whole stream, at most `maxBytes`; past it the source is cancelled and the result has
 *   `verdict: 'error'` with an `SseLimitError`, and all that came up to the limit.
 * - Backpressure: reads as fast as the source gives; see {@link slowReader} for less.
 * - Cancel, by the signal: reaches the source at once, also while a read is pending.
 * - Error of the source: what came before it is all there.
 *
 * @throws TypeError, by rejection, for a stream that is locked or a response that was read already
 * @throws RangeError, by rejection, for a `maxBytes` below 0
 *
 * @example Test a handler's stream
 * ```ts
 * import { collect } from 'sse-stream-kit/testing'
 *
 * const response = new Response(': hi\n\ndata: 1\n\ndata: 2')
 * const { events, comments, verdict } = await collect(response)
 * console.log(events, comments, verdict) // [ { data: '1', lastEventId: '' } ] [ 'hi' ] truncated
 * ```
 */
export async function collect(
  source: ReadableStream<Uint8Array> | Response,
  options: CollectOptions = {},
): Promise<CollectedStream> {
  return readAll(source, options, () => 0)
}
