import { checkFunction } from '../base/check-function.ts'
import { isThenable } from '../base/is-thenable.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { StageStream } from '../pipeline/stage-stream.ts'

/** What an event becomes: another one, several, or none. */
export type Mapped<Out> = Out | readonly Out[] | null | undefined

/** Says what an event becomes, at once or later. */
export type EventMapper<In, Out> = (event: In) => Mapped<Out> | Promise<Mapped<Out>>

/**
 * Maps events: to another one, to several (an array), or to none (`null`). Order is kept, also when the
 * function takes its time.
 *
 * - Holds the events of one chunk while an earlier one is being mapped.
 * - Backpressure: takes an event when one is asked for.
 * - Cancel: what a pending function returns is dropped.
 * - Error of the function: ends the stream; the events before it are delivered.
 *
 * @throws TypeError if the mapper is not a function
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
  /** Settles when all that was pushed has been mapped; there only while a function takes its time. */
  #tail: Promise<void> | undefined
  #hasEnded = false

  constructor(mapper: EventMapper<In, Out>) {
    checkFunction('The mapper', mapper ?? null)
    this.#mapper = mapper
  }

  start(output: StageOutput<Out>): void {
    this.#output = output
  }

  push(event: In): void | Promise<void> {
    if (this.#tail !== undefined) {
      return this.#follow(this.#tail.then(() => (this.#hasEnded ? null : this.#mapper(event))))
    }
    const mapped = this.#mapper(event)
    // Whatever has a `then`: a query builder's answers at once, or more than once.
    if (isThenable(mapped)) return this.#follow(Promise.resolve(mapped))
    this.#emit(mapped)
  }

  dispose(): void {
    this.#hasEnded = true
  }

  #follow(mapped: Promise<Mapped<Out>>): Promise<void> {
    const tail = mapped.then((result) => {
      if (this.#tail === tail) this.#tail = undefined
      this.#emit(result)
    })
    this.#tail = tail
    return tail
  }

  #emit(mapped: Mapped<Out>): void {
    if (mapped === null || mapped === undefined) return
    if (!Array.isArray(mapped)) {
      this.#output.emit(mapped as Out)
      return
    }
    for (const event of mapped as readonly Out[]) this.#output.emit(event)
  }
}
