import { EventMap, type EventMapper } from './event-map.ts'

/**
 * Maps events: the short form of `new EventMap(mapper)`.
 *
 * @example Count what passes
 * ```ts
 * import { mapEvents, SseDecoder } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: 1\n\ndata: 2\n\n')
 * await upstream.body!
 *   .pipeThrough(new SseDecoder())
 *   .pipeThrough(mapEvents((event) => Number(event.data)))
 *   .pipeTo(new WritableStream({ write: (number) => console.log(number) }))
 * ```
 * @see {@link EventMap} for what it holds, and for errors
 */
export function mapEvents<In, Out>(mapper: EventMapper<In, Out>): EventMap<In, Out> {
  return new EventMap(mapper)
}
