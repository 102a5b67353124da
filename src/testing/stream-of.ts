import { ScriptedStream, type StreamStep } from './scripted-stream.ts'

/**
 * A stream that does what a script says, chunk by chunk, each only when the reader asks for it.
 *
 * Waits use the `setTimeout` of the moment, so fake timers drive them; the time runs from when the reader
 * asks for the chunk behind the wait. Steps may be an endless generator. Bytes are passed on as they are,
 * not copied. A lone text or `Uint8Array` is a script of one chunk.
 *
 * - Holds nothing: a step is not even looked at before it is asked for.
 * - Backpressure: `pulls` counts how often the reader asked, `bytesSent` what it got.
 * - Cancel is recorded with its reason; the timer of a wait is gone at once, and a generator is ended.
 * - Error: at an `error` step, with that very value, and for what a generator throws.
 *
 * @throws RangeError for a `waitMs` below 0, through the stream when the step's turn comes
 * @throws TypeError for a step that is none, likewise
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
