import { checkFunction } from '../base/check-function.ts'
import { checkSync } from '../base/check-sync.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { ASYNC_CURE } from '../pipeline/stage-line.ts'
import { StageStream } from '../pipeline/stage-stream.ts'

/** The result of mapping an event: another one, an array of several, or none. */
export type Mapped<Out> = Out | readonly Out[] | null | undefined

/** Returns what an event becomes. Must not return a promise. */
export type EventMapper<In, Out> = (event: In) => Mapped<Out>

/**
 * Maps each event to another one, to several (an array), or to none (`null`).
 *
 * - Holds nothing.
 * - Backpressure: takes an event when the reader asks for one.
 * - Cancel reaches the source at once.
 * - Error of the function: ends the stream with it, after the events before it.
 *
 * The function is synchronous. Asynchronous work belongs in a `TransformStream`, with `pipeThrough`.
 *
 * @throws TypeError if the mapper is not a function
 * @throws TypeError through the stream, if the mapper returns a promise
 *
 * @example Redact events
 * ```ts
 * import { EventMap, SseDecoder, SseEncoder } from 'sse-stream-kit/streams'
 *
 * const upstream = new Response('data: secret\n\ndata: open\n\n')
 * const body = upstream.body!
 *   .pipeThrough(new SseDecoder())
 *   .pipeThrough(new EventMap((event) => (event.data === 'secret' ? null : event)))
 *   .pipeThrough(new SseEncoder())
 * console.log(await new Response(body).text()) // data: open
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventMap<In, Out = In> extends StageStream<In, Out> {
  constructor(mapper: EventMapper<In, Out>) {
    super(EventMap.stage(mapper))
  }

  /** The same logic as a stage, to be fused with others by `relay`. */
  static stage<In, Out>(mapper: EventMapper<In, Out>): EventMapStage<In, Out> {
    return new EventMapStage(mapper)
  }
}

/** The logic of {@link EventMap}. */
export class EventMapStage<In, Out> implements Stage<In, Out> {
  readonly #mapper: EventMapper<In, Out>
  #output!: StageOutput<Out>

  constructor(mapper: EventMapper<In, Out>) {
    checkFunction('The mapper', mapper ?? null)
    this.#mapper = mapper
  }

  start(output: StageOutput<Out>): void {
    this.#output = output
  }

  push(event: In): void {
    const mapped = checkSync('The mapper of EventMap', this.#mapper(event), ASYNC_CURE)
    if (mapped === null || mapped === undefined) return
    if (!Array.isArray(mapped)) {
      this.#output.emit(mapped as Out)
      return
    }
    for (const event of mapped as readonly Out[]) this.#output.emit(event)
  }
}
