import { checkNumber } from '../../base/check-number.ts'
import type { CollectOptions } from './collect-options.ts'
import type { CollectedStream } from './collected-stream.ts'
import { readAll } from './read-all.ts'

/** How slow a {@link slowReader} is: exactly one of `everyMs` and `bytesPerSecond`. */
export interface SlowReaderOptions extends CollectOptions {
  /** The pause after each chunk, in milliseconds, whatever the chunk's size; `Infinity` stops reading after one. */
  everyMs?: number | undefined
  /** How many bytes it reads in a second on average: the pause after a chunk grows with the chunk. */
  bytesPerSecond?: number | undefined
}

/**
 * Reads a stream as a slow client does, and gives what {@link collect} gives.
 *
 * The first chunk is read at once; after each it pauses, and during a pause asks for nothing, so that the
 * stream's backpressure shows. Pauses use the `setTimeout` of the moment, so fake timers drive them.
 *
 * - Holds the whole stream, at most `maxBytes`, like `collect`.
 * - Backpressure: one read per pause.
 * - Cancel, by the signal: reaches the source at once, also during a pause, whose timer is then gone.
 * - Error of the source: is seen at the next read, and given as `verdict: 'error'`.
 *
 * @throws TypeError, by rejection, unless exactly one of `everyMs` and `bytesPerSecond` is given
 * @throws RangeError, by rejection, for an `everyMs` below 0 or a `bytesPerSecond` below 1
 *
 * @example A client on a bad line makes the upstream wait
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
    // Timers know whole milliseconds: what is less is owed, or 1-byte chunks would be read far too slowly.
    owedMs += (chunk.length * 1000) / bytesPerSecond
    const pauseMs = Math.floor(owedMs)
    owedMs -= pauseMs
    return pauseMs
  }
}
