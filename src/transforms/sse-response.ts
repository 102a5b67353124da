import type { ItemReader, ItemSource } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'
import { EVENT_STREAM_HEADERS } from '../http/event-stream-headers.ts'
import { relay } from '../pipeline/relay.ts'
import type { Stage, StageOutput } from '../pipeline/stage.ts'
import { type EncodableSse, encodeEvent } from '../wire/encode-event.ts'
import { isBytes } from '../wire/is-bytes.ts'
import { HeartbeatInjector } from './heartbeat-injector.ts'
import type { HeartbeatInjectorOptions } from './heartbeat-plan.ts'

/** Status, headers and heartbeats of an {@link sseResponse}. */
export interface SseResponseInit {
  /** @default 200 */
  status?: number | undefined
  /** @default '' */
  statusText?: string | undefined
  /**
   * Added to the default headers, and override them. Your `cache-control` gets a `no-transform` where it has none:
   * compressing middleware would buffer the events otherwise.
   */
  headers?: Headers | Record<string, string> | readonly (readonly [string, string])[] | undefined
  /**
   * Sends heartbeats as a {@link HeartbeatInjector} does: `{ atStart: true }` sends one at once, for servers that keep
   * the response head back until there is a body (Next, Fastify). `false` sends none. @default false
   */
  heartbeat?: false | HeartbeatInjectorOptions | undefined
}

/** What an {@link sseResponse} streams: events, or the bytes of an event stream. */
export type SseResponseSource =
  | ReadableStream<Uint8Array>
  | ReadableStream<EncodableSse>
  | AsyncIterable<Uint8Array | EncodableSse>

/**
 * Returns a `Response` that streams events, with the headers that keep servers and proxies from buffering them.
 *
 * The source yields events (objects, encoded as by {@link encodeEvent}) or the bytes of an event stream, which pass
 * unchanged. The headers are `content-type: text/event-stream`, `cache-control: no-cache, no-transform` and
 * `x-accel-buffering: no`.
 *
 * - Holds at most 64 KiB and what one item becomes.
 * - Backpressure: stops reading the source while that much is buffered, and resumes at half of it.
 * - Cancel reaches a stream at once, and an async generator when the `await` it waits in is over.
 * - Error: what came before it is delivered first, then the body errors with the same reason.
 *
 * @throws TypeError for a stream that is locked, a header that cannot be sent, or a status without a body
 * @throws RangeError for a status out of range
 * @throws TypeError through the body, for an item that is neither bytes nor an event
 *
 * @example Stream events from a route of any fetch-style server
 * ```ts
 * import { sseResponse } from 'sse-stream-kit/streams'
 *
 * async function* words() {
 *   for (const data of ['Hello', 'World']) yield { event: 'word', data }
 * }
 * const response = sseResponse(words(), { heartbeat: { atStart: true } })
 * console.log(await response.text())
 * ```
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
 */
export function sseResponse(
  source: SseResponseSource,
  { status = 200, statusText = '', headers, heartbeat = false }: SseResponseInit = {},
): Response {
  const stream = relaySource(source)
  const head = { status, statusText, headers: headersWith(headers) }
  // Made once before the stream is locked: a response that cannot be made must leave it to the caller.
  new Response('', head)
  const stages: Stage<Uint8Array, Uint8Array>[] = [new EventBytesStage()]
  if (heartbeat !== false) stages.push(HeartbeatInjector.stage(heartbeat))
  return new Response(relay(stream, stages), head)
}

function relaySource(source: SseResponseSource): ItemSource<Uint8Array> {
  const { getReader, [Symbol.asyncIterator]: iterator } = Object(source)
  if (typeof getReader === 'function') return source as ReadableStream<Uint8Array>
  if (typeof iterator === 'function') {
    return new IterableSource(source as AsyncIterable<Uint8Array>)
  }
  throw new TypeError(
    `source must be a ReadableStream or an async iterable of events or bytes: got ${kindOf(source)}`,
  )
}

/** Reads an async iterable as a stream is read. */
class IterableSource<T> implements ItemSource<T>, ItemReader<T> {
  readonly #iterator: AsyncIterator<T>

  constructor(iterable: AsyncIterable<T>) {
    this.#iterator = iterable[Symbol.asyncIterator]()
  }

  getReader(): this {
    return this
  }

  async read(): Promise<ReadResult<T>> {
    const { done, value } = await this.#iterator.next()
    return done ? { done: true, value: undefined } : { done: false, value }
  }

  async cancel(): Promise<void> {
    await this.#iterator.return?.()
  }
}

function headersWith(given: SseResponseInit['headers']): Headers {
  const headers = new Headers(EVENT_STREAM_HEADERS)
  const own = new Headers(given as ConstructorParameters<typeof Headers>[0])
  for (const name of Object.keys(EVENT_STREAM_HEADERS)) if (own.has(name)) headers.delete(name)
  // Pair by pair, so that several Set-Cookie headers stay several.
  for (const [name, value] of own) headers.append(name, value)
  const cache = headers.get('cache-control') ?? ''
  if (!/(?:^|[\s,])no-transform(?:$|[\s,])/i.test(cache)) {
    headers.set('cache-control', cache === '' ? 'no-transform' : `${cache}, no-transform`)
  }
  return headers
}

/** Encodes events and passes bytes. */
class EventBytesStage implements Stage<Uint8Array | EncodableSse, Uint8Array> {
  readonly #utf8 = new TextEncoder()
  #output!: StageOutput<Uint8Array>

  start(output: StageOutput<Uint8Array>): void {
    this.#output = output
  }

  push(item: Uint8Array | EncodableSse): void {
    if (isBytes(item)) {
      this.#output.emit(item)
      return
    }
    if (typeof item !== 'object' || item === null) {
      throw new TypeError(
        `An item must be an event such as { data: 'text' }, or encoded bytes: got ${kindOf(item)}`,
      )
    }
    this.#output.emit(this.#utf8.encode(encodeEvent(item)))
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
