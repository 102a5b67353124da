import { checkNumber } from '../../base/check-number.ts'
import type { CollectOptions } from './collect-options.ts'
import type { CollectedStream } from './collected-stream.ts'
import { readAll } from './read-all.ts'

/** The pace of a {@link slowReader}: exactly one of `everyMs` and `bytesPerSecond`. */
export interface SlowReaderOptions extends CollectOptions {
  /** The pause after each chunk of any size, in milliseconds; `Infinity` stops reading after the first one. @default 0 */
  everyMs?: number | undefined
  /** Bytes to read per second on average: the pause after a chunk is proportional to its size. @default no limit */
  bytesPerSecond?: number | undefined
}

/**
 * Reads a stream slowly, and returns the same as {@link collect}.
 *
 * Reads the first chunk at once, then pauses after each chunk and reads nothing during a pause, so that the stream gets
 * backpressure. Pauses use the current `setTimeout`, so fake timers drive them.
 *
 * - Holds the whole stream, at most `maxBytes`, like `collect`.
 * - Backpressure: one read per pause.
 * - Cancel: the signal cancels the source at once, also during a pause, and clears the timer.
 * - Error of the source: ends with `verdict: 'error'` at the next read.
 *
 * @throws TypeError, by rejection, unless exactly one of `everyMs` and `bytesPerSecond` is given
 * @throws RangeError, by rejection, for an `everyMs` below 0 or a `bytesPerSecond` below 1
 *
 * @example A client on a slow connection makes the upstream wait
 * ```ts
 * import { slowReader, streamOf } from 'sse-stream-kit/testing'
 *
 * const upstream = streamOf(['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n'])
 * const reading = slowReader(upstream, { everyMs: 20 })
 * await new Promise((resolve) => setTimeout(resolve, 0))
 * console.log(upstream.pulls) // 1
 * console.log((await reading).events.length) // 3
 * ```
 */
export async function slowReader(
  source: ReadableStream<Uint8Array> | Response,
  { everyMs, bytesPerSecond, ...options }: SlowReaderOptions,
): Promise<CollectedStream> {
  if ((everyMs === undefined) === (bytesPerSecond === undefined)) {
    throw new TypeError(
      `Exactly one of everyMs and bytesPerSecond must be given: got ${everyMs} and ${bytesPerSecond}`,
    )
  }
  return readAll(
    source,
    options,
    bytesPerSecond === undefined ? everyPace(everyMs as number) : bytesPace(bytesPerSecond),
  )
}

function everyPace(everyMs: number): () => number {
  checkNumber('everyMs', everyMs, { min: 0, infinity: true, fraction: true })
  return () => everyMs
}

function bytesPace(bytesPerSecond: number): (chunk: Uint8Array) => number {
  checkNumber('bytesPerSecond', bytesPerSecond, { min: 1, fraction: true })
  let owedMs = 0
  return (chunk) => {
    // Timers have whole milliseconds: fractions are carried over, or 1-byte chunks would be read far too slowly.
    owedMs += (chunk.length * 1000) / bytesPerSecond
    const pauseMs = Math.floor(owedMs)
    owedMs -= pauseMs
    return pauseMs
  }
}
