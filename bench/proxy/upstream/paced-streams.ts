import type { Socket } from 'node:net'
import { EVENT_STREAM_HEAD, endOfBody } from './chunked-coding.ts'
import type { StreamBytes } from './stream-bytes.ts'

interface PacedStream {
  readonly socket: Socket
  readonly number: number
  sentEvents: number
}

/**
 * Streams that are sent one event at a time, at one pace, the first one with the headers.
 *
 * Late timers make them slower, but never make a stream send two events at once, which would be relayed as one chunk.
 */
export class PacedStreams {
  /** Events of all streams so far. */
  sentEvents = 0
  readonly #bytes: StreamBytes
  readonly #streams = new Map<Socket, PacedStream>()
  /** Streams write in groups, one group per millisecond: all sockets at once would be a burst. */
  #groups: Set<PacedStream>[] = []
  #group = 0
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(bytes: StreamBytes) {
    this.#bytes = bytes
  }

  get open(): number {
    return this.#streams.size
  }

  /** Time between two events of a stream, in whole milliseconds; 0 for no more events. */
  set everyMs(everyMs: number) {
    clearInterval(this.#timer)
    this.#group = 0
    this.#groups = Array.from({ length: everyMs }, () => new Set())
    for (const stream of this.#streams.values()) this.#groupOf(stream)?.add(stream)
    if (everyMs > 0) this.#timer = setInterval(() => this.#tick(), 1)
  }

  start(socket: Socket, number: number): void {
    const stream = { socket, number, sentEvents: 0 }
    this.#streams.set(socket, stream)
    this.#groupOf(stream)?.add(stream)
    socket.write(EVENT_STREAM_HEAD)
    this.#send(stream)
  }

  /** Forgets the stream of a socket that has closed, and returns its number. */
  remove(socket: Socket): number | undefined {
    const stream = this.#streams.get(socket)
    if (stream === undefined) return undefined
    this.#streams.delete(socket)
    this.#groupOf(stream)?.delete(stream)
    return stream.number
  }

  /** Ends all streams, and returns the number of events each was sent before its terminal mark. */
  end(): [number: number, events: number][] {
    const streams = [...this.#streams.values()]
    for (const { socket } of streams) {
      this.remove(socket)
      socket.write(endOfBody(this.#bytes.terminal))
    }
    return streams.map(({ number, sentEvents }) => [number, sentEvents])
  }

  #tick(): void {
    this.#group = (this.#group + 1) % this.#groups.length
    for (const stream of this.#groups[this.#group] ?? []) this.#send(stream)
  }

  #send(stream: PacedStream): void {
    const { socket, number, sentEvents } = stream
    socket.write(this.#bytes.chunks(number, sentEvents, 1).bytes)
    stream.sentEvents++
    this.sentEvents++
  }

  #groupOf({ number }: PacedStream): Set<PacedStream> | undefined {
    return this.#groups[number % this.#groups.length]
  }
}
