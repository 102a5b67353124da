import { anthropicEvents, chatEvents } from '../../chat-events.ts'
import { chunkOf, EVENT_STREAM_HEAD } from './chunked-coding.ts'

export type Api = 'chat' | 'anthropic'

/** Without its terminal mark a stream is truncated, and would get an error event. */
const TERMINAL = {
  chat: Buffer.from('data: [DONE]\n\n'),
  anthropic: Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n'),
}
const PATH = { chat: '/v1/chat/completions', anthropic: '/v1/messages' }

/**
 * The bytes of all streams: each stream loops over the same events from an offset of its own. On the wire an event is a
 * chunk of HTTP's chunked coding.
 */
export class StreamBytes {
  readonly api: Api
  readonly terminal: Buffer
  readonly #events: readonly Uint8Array[]
  readonly #wire: Buffer
  /** Where the chunk of each event begins in `#wire`, and the end of the last one. */
  readonly #starts: number[] = []

  constructor(api: Api) {
    this.api = api
    this.terminal = TERMINAL[api]
    this.#events = (api === 'chat' ? chatEvents : anthropicEvents)(1000, 3).chunks
    const chunks = this.#events.map(chunkOf)
    this.#wire = Buffer.concat(chunks)
    let start = 0
    for (const { length } of chunks) {
      this.#starts.push(start)
      start += length
    }
    this.#starts.push(start)
  }

  /** The path of a stream, which names its kind and number. */
  pathOf(kind: 'paced' | 'flood', stream: number): string {
    return `/${kind}/${stream}${PATH[this.api]}`
  }

  /** Chunks of some events of a stream; fewer than asked for where the loop begins again. */
  chunks(stream: number, first: number, events: number): { bytes: Buffer; events: number } {
    const index = this.#indexOf(stream, first)
    const end = Math.min(index + events, this.#events.length)
    const bytes = this.#wire.subarray(this.#starts[index], this.#starts[end])
    return { bytes, events: end - index }
  }

  /** The body of a stream that was sent so many events and its terminal mark. */
  bodyOf(stream: number, events: number): Buffer {
    const parts = Array.from({ length: events }, (_, at) => this.#event(stream, at))
    return Buffer.concat([...parts, this.terminal])
  }

  /** Bytes on the wire of the head and of so many events of a stream. */
  wireBytes(stream: number, events: number): number {
    let bytes = EVENT_STREAM_HEAD.length
    for (let at = 0; at < events; at++) bytes += this.#chunkBytes(stream, at)
    return bytes
  }

  /** Body bytes among the first bytes on the wire. */
  bodyBytes(stream: number, wireBytes: number): number {
    let left = wireBytes - EVENT_STREAM_HEAD.length
    let bytes = 0
    for (let at = 0; left > 0; at++) {
      bytes += Math.min(left, this.#event(stream, at).length)
      left -= this.#chunkBytes(stream, at)
    }
    return bytes
  }

  #event(stream: number, event: number): Uint8Array {
    return this.#events[this.#indexOf(stream, event)] as Uint8Array
  }

  #chunkBytes(stream: number, event: number): number {
    const index = this.#indexOf(stream, event)
    return (this.#starts[index + 1] as number) - (this.#starts[index] as number)
  }

  #indexOf(stream: number, event: number): number {
    return (stream * 7 + event) % this.#events.length
  }
}
