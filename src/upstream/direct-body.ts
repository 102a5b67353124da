import { type ByteSource, FLOW } from '../base/byte-source.ts'
import { FetchBody } from './fetch-body.ts'
import { toNetworkError } from './to-network-error.ts'

/** So much is taken from the upstream before somebody asks for it. */
const MAX_QUEUED_BYTES = 16_384

type Chunk = Uint8Array<ArrayBufferLike>

/**
 * The body of an answer whose bytes come straight from the connection, and not through the stream that `fetch`
 * makes of them: that costs a queue, a copy and several promises a chunk. How the body ends still comes
 * through that stream.
 *
 * - Holds at most 16 KiB and a chunk that nobody has asked for; more is left in the socket.
 * - Cancel: what is held is dropped, and the request is aborted.
 * - Error: what came before it is read first.
 */
export class DirectBody implements ByteSource {
  static {
    Object.assign(DirectBody.prototype, { [FLOW]: DirectBody.prototype.flow })
  }

  static readonly #byResponse = new WeakMap<Response, DirectBody>()

  /** Settles when the body has ended and all of it has been taken. */
  readonly closed: Promise<void>
  #close!: () => void
  #fail!: (reason: unknown) => void
  readonly #resume: () => void
  /** The reader of the stream of `fetch`. */
  #ending: ReadableStreamDefaultReader<Uint8Array> | undefined
  #end: 'done' | { reason: unknown } | undefined
  #sink: ((chunk: Chunk) => void) | undefined
  #queue: Chunk[] = []
  #queuedBytes = 0
  #isHeldBack = false
  #waiting: Waiting | undefined

  /** @param resume lets the upstream go on after `push` returned false */
  constructor(resume: () => void) {
    this.#resume = resume
    this.closed = new Promise((resolve, reject) => {
      this.#close = resolve
      this.#fail = reject
    })
    // Not everybody who reads waits for the end in this way.
    this.closed.catch(() => {})
  }

  /** The body of an answer: its direct one if it has one. */
  static of(response: Response): DirectBody | FetchBody | null {
    const direct = DirectBody.#byResponse.get(response)
    return direct ?? (response.body && new FetchBody(response.body))
  }

  /** Becomes the body of an answer. */
  becomeBodyOf(response: Response): void {
    if (response.body === null) return
    DirectBody.#byResponse.set(response, this)
    this.#ending = response.body.getReader()
    this.#ending.read().then(
      () => this.#endWith('done'),
      (reason) => this.#endWith({ reason: toNetworkError(reason) }),
    )
  }

  /** Takes what the upstream sent; returns whether it may send more. */
  push(received: Chunk): boolean {
    // Nobody is there to take it; held back, the connection would never come to its end.
    if (this.#end !== undefined) return true
    const chunk = isSmallPart(received) ? new Uint8Array(received) : received
    if (this.#sink !== undefined) {
      this.#sink(chunk)
    } else if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting
      this.#waiting = undefined
      resolve(ownOf(chunk))
    } else {
      this.#queue.push(chunk)
      this.#queuedBytes += chunk.length
    }
    this.#isHeldBack = this.#queuedBytes >= MAX_QUEUED_BYTES
    return !this.#isHeldBack
  }

  getReader(): this {
    return this
  }

  /** Gives the next chunk, for one caller at a time. It is the caller's own. */
  read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const chunk = this.#shift()
    if (chunk !== undefined) {
      this.#goOn()
      return Promise.resolve(ownOf(chunk))
    }
    if (this.#end === 'done') return Promise.resolve({ done: true, value: undefined })
    if (this.#end !== undefined) return Promise.reject(this.#end.reason)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** The method [FLOW] of the body, under a name that a declaration file can have. */
  flow(sink: ((chunk: Chunk) => void) | undefined): boolean {
    if (sink !== undefined && this.#end !== undefined && this.#queue.length === 0) return false
    this.#sink = sink
    while (this.#sink !== undefined) {
      const chunk = this.#shift()
      if (chunk === undefined) break
      this.#sink(chunk)
    }
    this.#goOn()
    return true
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#queue = []
    this.#queuedBytes = 0
    this.#endWith('done')
    await this.#ending?.cancel(reason)
  }

  #shift(): Chunk | undefined {
    const chunk = this.#queue.shift()
    this.#queuedBytes -= chunk?.length ?? 0
    return chunk
  }

  /** After something was taken from the queue. */
  #goOn(): void {
    if (this.#queue.length > 0) return
    if (this.#end !== undefined) this.#settle(this.#end)
    else if (this.#isHeldBack) {
      this.#isHeldBack = false
      this.#resume()
    }
  }

  #endWith(end: 'done' | { reason: unknown }): void {
    if (this.#end !== undefined) return
    this.#end = end
    if (this.#waiting !== undefined) {
      if (end === 'done') this.#waiting.resolve({ done: true, value: undefined })
      else this.#waiting.reject(end.reason)
      this.#waiting = undefined
    }
    if (this.#queue.length === 0) this.#settle(end)
  }

  #settle(end: 'done' | { reason: unknown }): void {
    if (end === 'done') this.#close()
    else this.#fail(end.reason)
  }
}

interface Waiting {
  resolve(result: ReadableStreamReadResult<Uint8Array>): void
  reject(reason: unknown): void
}

/**
 * Whether a chunk is a small part of what one read of the socket brought: kept for a slow client, it would keep
 * all of that, which with HTTP/2 is up to 64 KiB of many streams.
 */
function isSmallPart({ buffer, length }: Chunk): boolean {
  return buffer.byteLength > 4 * length + 1024
}

/** A copy: what one read of the socket brought is one piece of memory, and may be several chunks. */
function ownOf(chunk: Chunk): ReadableStreamReadResult<Uint8Array> {
  return { done: false, value: new Uint8Array(chunk) }
}
