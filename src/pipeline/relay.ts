import { FLOW, type ItemSource } from '../base/byte-source.ts'
import type { IterableStream } from '../base/iterable-stream.ts'
import type { RelayOptions } from './relay-options.ts'
import type { Stage } from './stage.ts'
import type { AnyStage } from './stage-line.ts'
import { startRelay } from './start-relay.ts'
import { StreamQueue } from './stream-queue.ts'

/**
 * Runs stages fused in one `ReadableStream`, whose `pull` reads the source and passes each item through all stages.
 *
 * - Holds at most `highBytes`, plus what one chunk of the source becomes, plus what the stages hold.
 * - Backpressure: stops reading the source at the high watermark, and reads it again at the low one.
 * - Cancel reaches the source at once, also while a read is pending and while the source is paused.
 * - Error, of the source or of a stage: what was emitted before it is delivered first; one macrotask later the stream
 *   errors with the same reason. An error of a stage cancels the source.
 *
 * @throws RangeError for watermarks out of range
 * @throws TypeError if the source is locked, or if a stage is a `TransformStream` or anything else but a stage
 *
 * @example Count the events of a response that passes through
 * ```ts
 * import { FrameSplitter, HeartbeatInjector, MetricsTap, relay } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\ndata: 2\n\n')
 * const body = relay(upstream.body!, [
 *   FrameSplitter.stage(),
 *   MetricsTap.stage({ onEnd: (summary) => console.log(summary.events) }),
 *   HeartbeatInjector.stage(),
 * ])
 * await new Response(body).text() // prints 2
 * ```
 * @see https://streams.spec.whatwg.org/#rs-model
 */
export function relay<T>(
  source: ReadableStream<T>,
  stages: readonly Stage<T, T>[],
  options?: RelayOptions,
): IterableStream<T>
export function relay<A, B>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>],
  options?: RelayOptions,
): IterableStream<B>
export function relay<A, B, C>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>],
  options?: RelayOptions,
): IterableStream<C>
export function relay<A, B, C, D>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>],
  options?: RelayOptions,
): IterableStream<D>
export function relay<A, B, C, D, E>(
  source: ReadableStream<A>,
  stages: readonly [Stage<A, B>, Stage<B, C>, Stage<C, D>, Stage<D, E>],
  options?: RelayOptions,
): IterableStream<E>
export function relay<T>(
  source: ItemSource<T>,
  stages: readonly Stage<T, T>[],
  options?: RelayOptions,
): IterableStream<T>
export function relay(
  source: ItemSource<unknown>,
  stages: readonly AnyStage[],
  options: RelayOptions = {},
): IterableStream<unknown> {
  const queue = startRelay(source, stages, options, (high) => new StreamQueue<unknown>(high))
  return Object.assign(queue.readable, {
    [FLOW]: (sink: ((item: unknown) => void) | undefined) => queue.owner.flow(sink),
  })
}
