import { callHook } from '../base/call-hook.ts'
import { checkOptions, type OptionNames } from '../base/check-options.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'
import { checkWatermarks, sizeOf } from '../pipeline/watermarks.ts'

/** The watermarks of a {@link WatermarkBuffer}, and its hooks. */
export interface WatermarkBufferOptions<T> {
  /** The buffer is full once it holds this much: bytes for `Uint8Array`, else items, or in the unit of `size`. */
  highWaterMark: number
  /** The buffer accepts items again once it holds this much or less, in the unit of `highWaterMark`. @default half of it */
  lowWaterMark?: number | undefined
  /** Returns what an item counts for, a non-negative integer; 0 counts as 1. @default its bytes for `Uint8Array`, else 1 */
  size?: ((item: T) => number) | undefined
  /** Called when the buffer has become full. @default none */
  onPause?: (() => void) | undefined
  /** Called when a full buffer takes items again. @default none */
  onResume?: (() => void) | undefined
}

const OPTIONS: OptionNames<WatermarkBufferOptions<unknown>> = {
  highWaterMark: true,
  lowWaterMark: true,
  size: true,
  onPause: true,
  onResume: true,
}

/**
 * A buffer with hysteresis: full at the high watermark, and open again only once it has drained to the low one, so that
 * a source is read in long runs instead of item by item.
 *
 * - Holds items up to `highWaterMark`, plus the one that reached it.
 * - Backpressure: from the high watermark on, until it has drained to the low one.
 * - Cancel: the buffer is dropped, and the source is cancelled at once, also while it is paused.
 * - End and error of the source: the buffer is delivered first.
 *
 * It has no `stage()`: a stage of a `relay` passes items on at once, and the queue behind all stages is the relay's, which
 * the option `watermark` of {@link relay} bounds.
 *
 * @throws RangeError for watermarks out of range, and through the stream for a `size` that is not a non-negative integer
 *
 * @example Buffer up to 1 MiB for a slow reader
 * ```ts
 * import { WatermarkBuffer } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\n')
 * const buffer = new WatermarkBuffer<Uint8Array>({ highWaterMark: 1_048_576, lowWaterMark: 262_144 })
 * console.log(await new Response(upstream.body!.pipeThrough(buffer)).text())
 * ```
 * @see https://streams.spec.whatwg.org/#qs-api
 */
export class WatermarkBuffer<T = Uint8Array> extends StageStream<T, T> {
  /** The buffer is full once it holds this much. */
  readonly highWaterMark: number
  /** A full buffer takes items again once it holds this much or less. */
  readonly lowWaterMark: number

  constructor(options: WatermarkBufferOptions<T>) {
    checkOptions('options of WatermarkBuffer', options, OPTIONS)
    const {
      highWaterMark,
      lowWaterMark = Math.floor(highWaterMark / 2),
      size = sizeOf,
      onPause,
      onResume,
    } = options
    const marks = checkWatermarks('highWaterMark', highWaterMark, 'lowWaterMark', lowWaterMark)
    super(new PassStage<T>(), {
      watermarks: { ...marks, size: (item) => checkedSize(size(item)) },
      // Reported under their own names if they fail.
      onFull: onPause && (() => void callHook('onPause', onPause)),
      onWanted: onResume && (() => void callHook('onResume', onResume)),
    })
    this.highWaterMark = highWaterMark
    this.lowWaterMark = lowWaterMark
  }

  /** How much more the buffer takes; at 0 or below it is full. */
  get desiredSize(): number {
    return this.highWaterMark - this.queued
  }
}

class PassStage<T> implements Stage<T, T> {
  #output!: StageOutput<T>

  start(output: StageOutput<T>): void {
    this.#output = output
  }

  push(item: T): void {
    this.#output.emit(item)
  }
}

function checkedSize(size: number): number {
  // Fractions do not add up: after 0.1 + 0.2 - 0.1 - 0.2 the buffer would never be empty again.
  if (Number.isSafeInteger(size) && size >= 0) return size
  throw new RangeError(`size() must return an integer >= 0: got ${String(size)}`)
}
