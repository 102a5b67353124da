import type { CollectOptions } from './collect-options.ts'
import type { CollectedStream } from './collected-stream.ts'
import { readAll } from './read-all.ts'

/**
 * Reads a stream to its end and returns everything that arrived: events, comments, bytes, chunks, times, and how it
 * ended.
 *
 * An error of the stream does not reject: the result has `verdict: 'error'`.
 *
 * - Holds the whole stream, at most `maxBytes`. Beyond that the source is cancelled, and the result has `verdict:
 *   'error'`, an `SseLimitError`, and everything up to the limit.
 * - Backpressure: reads as fast as the source delivers; {@link slowReader} reads slowly.
 * - Cancel: the signal cancels the source at once, also while a read is pending.
 * - Error of the source: the result has everything that arrived before it.
 *
 * @throws TypeError, by rejection, for a locked stream or a response whose body was read already
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
