import type { ItemSource } from '../base/byte-source.ts'
import { PlainQueue } from './plain-queue.ts'
import type { RelayOptions } from './relay-options.ts'
import type { Stage } from './stage.ts'
import { startRelay } from './start-relay.ts'

/**
 * Runs stages as {@link relay} does, for one reader of this package instead of any reader of a `ReadableStream`. Bounds,
 * backpressure, cancel and errors are the same; flowing mode may start while items are queued.
 *
 * @throws what `relay` throws
 */
export function relaySource<T>(
  source: ItemSource<T>,
  stages: readonly Stage<T, T>[],
  options: RelayOptions = {},
): PlainQueue<T> {
  return startRelay(source, stages, options, () => new PlainQueue<unknown>()) as PlainQueue<T>
}
