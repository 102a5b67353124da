import type { Socket } from 'node:net'
import { EVENT_STREAM_HEAD, endOfBody } from './chunked-coding.ts'
import type { StreamBytes } from './stream-bytes.ts'

/** About 4 KB: one system call for many events, but a small error of what has been accepted. */
const EVENTS_A_WRITE = 20

/** A stream that sends events as fast as they are accepted, each in a chunk of its own, and then ends. */
export class FloodStream {
  readonly number: number
  /** Events so far; those of the last write may still be in this process. */
  writtenEvents = 0
  readonly #socket: Socket
  readonly #bytes: StreamBytes
  readonly #events: number

  constructor(socket: Socket, bytes: StreamBytes, number: number, events: number) {
    this.number = number
    this.#socket = socket
    this.#bytes = bytes
    this.#events = events
    socket.write(EVENT_STREAM_HEAD, () => this.#next())
  }

  /** The port at the other end, by which its queues can be found. */
  get remotePort(): number {
    return this.#socket.remotePort ?? 0
  }

  #next(): void {
    if (this.#socket.destroyed) return
    if (this.writtenEvents >= this.#events) {
      this.#socket.write(endOfBody(this.#bytes.terminal))
      return
    }
    const count = Math.min(EVENTS_A_WRITE, this.#events - this.writtenEvents)
    const { bytes, events } = this.#bytes.chunks(this.number, this.writtenEvents, count)
    this.writtenEvents += events
    this.#socket.write(bytes, () => this.#next())
  }
}
