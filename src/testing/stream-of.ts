import { ScriptedStream, type StreamStep } from './scripted-stream.ts'

/**
 * Returns a stream that follows a script and produces each chunk only when its reader pulls it.
 *
 * Waits use the current `setTimeout`, so fake timers drive them; a wait starts when the reader pulls the chunk after it.
 * Steps may come from an endless generator. Chunks are not copied. A single string or `Uint8Array` is a script of one
 * chunk.
 *
 * - Holds nothing: takes a step from the script only when it is pulled.
 * - Backpressure: `pulls` counts the pulls of the reader, `bytesSent` the bytes it has received.
 * - Cancel: records the reason, clears the timer of a wait at once, and ends a generator.
 * - Error: errors with the value of an `error` step, or with what a generator throws.
 *
 * @throws RangeError, by erroring the stream at the step, for a `waitMs` below 0
 * @throws TypeError, by erroring the stream at the step, for a value that is not a step
 *
 * @example An upstream that breaks in the middle of an event
 * ```ts
 * import { collect, streamOf } from 'sse-stream-kit/testing'
 *
 * const upstream = streamOf(['data: 1\n\n', { waitMs: 20 }, 'data: 2', { error: new Error('cut') }])
 * const { events, verdict } = await collect(upstream)
 * console.log(events.length, verdict, await upstream.verdict) // 1 error error
 * ```
 */
export function streamOf(
  steps: string | Uint8Array | Iterable<StreamStep>,
): ScriptedStream & AsyncIterable<Uint8Array> {
  const isOneChunk = typeof steps === 'string' || ArrayBuffer.isView(steps)
  return new ScriptedStream(isOneChunk ? [steps] : steps)
}
