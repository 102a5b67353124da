import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { anthropicEvents, chatEvents } from '../chat-events.ts'

const HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const LAST_CHUNK = '0\r\n\r\n'
/** Without its terminal mark an answer is truncated, and gets an error event. */
const TERMINAL = {
  chat: Buffer.from('data: [DONE]\n\n'),
  anthropic: Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n'),
}

/** The bytes that a stream was sent. */
export interface SentStream {
  events: number
  bytes: Buffer
}

/** A running stream: it loops over the events from its own offset. */
interface PacedStream {
  readonly socket: Socket
  readonly firstEvent: number
  sentEvents: number
}

/**
 * An upstream that sends each stream one event at a time, at one pace, the first one with the headers.
 *
 * It implements minimal HTTP over bare sockets: `node:http` would use the rest of its core.
 * Late timers make it slower, but never make it send two events at once, which would be relayed as one chunk.
 */
export class PacedUpstream {
  /** Events of all streams so far. */
  sentEvents = 0
  readonly #events: readonly Uint8Array[]
  readonly #terminal: Buffer
  readonly #chunks: readonly Buffer[]
  readonly #streams = new Map<number, PacedStream>()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer((socket) => this.#onConnection(socket))
  #timer: ReturnType<typeof setInterval> | undefined
  /** Streams write in groups, one per millisecond: 300 sockets at once would be a burst. */
  readonly #groups: number
  #group = 0

  constructor(everyMs: number, api: 'chat' | 'anthropic' = 'chat') {
    this.#groups = everyMs
    this.#terminal = TERMINAL[api]
    this.#events = (api === 'chat' ? chatEvents : anthropicEvents)(1000, 3).chunks
    this.#chunks = this.#events.map(chunkOf)
  }

  /** Resolves with the origin. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#timer = setInterval(() => this.#tick(), 1)
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends all streams, and returns what each was sent, by the number in its path. */
  endStreams(): Map<number, SentStream> {
    const sent = new Map<number, SentStream>()
    for (const [number, { socket, firstEvent, sentEvents }] of this.#streams) {
      socket.write(Buffer.concat([chunkOf(this.#terminal), Buffer.from(LAST_CHUNK)]))
      this.sentEvents++
      const events = Array.from(
        { length: sentEvents },
        (_, index) => this.#events[this.#at(firstEvent + index)] as Uint8Array,
      )
      sent.set(number, {
        events: sentEvents + 1,
        bytes: Buffer.concat([...events, this.#terminal]),
      })
    }
    this.#streams.clear()
    return sent
  }

  close(): void {
    clearInterval(this.#timer)
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #onConnection(socket: Socket): void {
    socket.setNoDelay(true)
    this.#sockets.add(socket)
    // A proxy may close or reset a keep-alive connection at any time; missing bytes are counted.
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', (request) => {
      const number = Number(/^GET \/(\d+) /.exec(request.toString('latin1'))?.[1])
      const stream = { socket, firstEvent: number * 7, sentEvents: 0 }
      this.#streams.set(number, stream)
      socket.write(HEAD)
      this.#send(stream)
    })
  }

  #tick(): void {
    this.#group = (this.#group + 1) % this.#groups
    for (const [number, stream] of this.#streams) {
      if (number % this.#groups === this.#group) this.#send(stream)
    }
  }

  #send(stream: PacedStream): void {
    stream.socket.write(this.#chunks[this.#at(stream.firstEvent + stream.sentEvents)] as Buffer)
    stream.sentEvents++
    this.sentEvents++
  }

  #at(index: number): number {
    return index % this.#events.length
  }
}

function chunkOf(event: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`${event.length.toString(16)}\r\n`),
    event,
    Buffer.from('\r\n'),
  ])
}
