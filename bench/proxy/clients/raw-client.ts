import { connect, type Socket } from 'node:net'
import { LAST_CHUNK } from '../upstream/chunked-coding.ts'
import { chunksOf } from '../upstream/http-message.ts'

const MAX_SILENT_MS = 60_000
const LINE_FEED = 10
const EVENT_END = Buffer.from('\n\n')
const HEAD_END = Buffer.from('\r\n\r\n')

/** The response that a {@link RawClient} received. */
export interface RawResponse {
  body: Buffer
  /** Number of body chunks: one per write of the proxy. */
  chunks: number
}

/**
 * A client over a bare socket that stores what it receives and parses it only at the end: during the measurement
 * it must leave its core to the upstream.
 */
export class RawClient {
  /** Resolves with the time from the request to the first byte of the body. */
  readonly firstByteMs: Promise<number>
  /** Resolves when the whole response is there; rejects if the connection closes before, save by {@link leave}. */
  readonly ended: Promise<void>
  /** Events so far. */
  events = 0
  readonly #received: Buffer[] = []
  readonly #socket: Socket

  constructor(port: number, path: string) {
    const startedAt = performance.now()
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
    socket.setTimeout(MAX_SILENT_MS, () => {
      socket.destroy(new Error(`Nothing came from ${path} for ${MAX_SILENT_MS} ms`))
    })
    this.firstByteMs = new Promise((resolve, reject) => {
      let hasBegun = false
      socket.on('error', reject)
      socket.on('data', (bytes: Buffer) => {
        this.#count(bytes)
        this.#received.push(bytes)
        if (hasBegun || !this.#hasBody()) return
        hasBegun = true
        resolve(performance.now() - startedAt)
      })
      socket.on('end', () => reject(new Error(`No body came from ${path}`)))
    })
    this.ended = new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('data', () => {
        if (!this.#isAtEnd()) return
        socket.destroy()
        resolve()
      })
      socket.on('end', () => reject(new Error(`The response to ${path} was cut`)))
    })
    // Whoever awaits one of them need not await the other.
    this.firstByteMs.catch(() => {})
    this.ended.catch(() => {})
  }

  /** What has arrived; parsed now. */
  response(): RawResponse {
    return parse(Buffer.concat(this.#received))
  }

  /** Closes the connection, and returns the time of the monotonic clock. */
  leave(): number {
    const atMs = Number(process.hrtime.bigint()) / 1e6
    this.#socket.destroy()
    return atMs
  }

  #count(bytes: Buffer): void {
    if (bytes[0] === LINE_FEED && this.#received.at(-1)?.at(-1) === LINE_FEED) this.events++
    for (let at = bytes.indexOf(EVENT_END); at !== -1; at = bytes.indexOf(EVENT_END, at + 2)) {
      this.events++
    }
  }

  /** Without parsing: these bytes are never the end of an event. */
  #isAtEnd(): boolean {
    const last = this.#received.at(-1) as Buffer
    const tail =
      last.length < LAST_CHUNK.length
        ? Buffer.concat(this.#received.slice(-LAST_CHUNK.length))
        : last
    return tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
  }

  #hasBody(): boolean {
    const bytes = Buffer.concat(this.#received)
    const headEnd = bytes.indexOf(HEAD_END)
    return headEnd !== -1 && bytes.length > headEnd + 4
  }
}

function parse(bytes: Buffer): RawResponse {
  const { chunks } = chunksOf(bytes, bytes.indexOf(HEAD_END) + 4)
  return { body: Buffer.concat(chunks), chunks: chunks.length }
}
