import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'

/** So much is taken from the upstream before somebody asks for it. */
const MAX_QUEUED_BYTES = 16_384

/** Where the bytes of an answer go as they come. */
export interface BodySink {
  /** Takes a chunk; returns whether more may come at once. */
  push(chunk: Uint8Array): boolean
  /** The answer is whole. */
  end(): void
  /** The answer ends with an error. */
  fail(reason: unknown): void
}

/**
 * The body of an answer that is pushed into it as it comes from the connection: without the queue, the copy and
 * the promises of a `ReadableStream`.
 *
 * - Holds at most 16 KiB and a chunk that nobody has asked for; more is left in the socket.
 * - Cancel: what is held is dropped, and the request is aborted.
 * - Error: what came before it is read first.
 */
export class PushedBody implements ByteSource, ItemReader<Uint8Array>, BodySink {
  static {
    Object.assign(PushedBody.prototype, { [FLOW]: PushedBody.prototype.flow })
  }

  /** Settles when the body has ended and all of it has been taken. */
  readonly closed: Promise<void>
  /** Called when more is wanted after `push` returned false. */
  onWanted: (() => void) | undefined
  readonly #abort: (reason: unknown) => void
  #close!: () => void
  #fail!: (reason: unknown) => void
  #end: 'done' | { reason: unknown } | undefined
  #sink: ((chunk: Uint8Array) => void) | undefined
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #isFull = false
  #waiting: Waiting | undefined

  /** @param abort ends the request */
  constructor(abort: (reason: unknown) => void) {
    this.#abort = abort
    this.closed = new Promise((resolve, reject) => {
      this.#close = resolve
      this.#fail = reject
    })
    // Not everybody who reads waits for the end in this way.
    this.closed.catch(() => {})
  }

  push(received: Uint8Array): boolean {
    // Nobody is there to take it; paused, the connection would never come to its end.
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
    this.#isFull = this.#queuedBytes >= MAX_QUEUED_BYTES
    return !this.#isFull
  }

  end(): void {
    this.#endWith('done')
  }

  fail(reason: unknown): void {
    this.#endWith({ reason })
  }

  getReader(): this {
    return this
  }

  read(): Promise<ReadResult<Uint8Array>> {
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
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
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
    const isRunning = this.#end === undefined
    this.#endWith('done')
    if (isRunning) this.#abort(reason)
  }

  #shift(): Uint8Array | undefined {
    const chunk = this.#queue.shift()
    this.#queuedBytes -= chunk?.length ?? 0
    return chunk
  }

  /** After something was taken from the queue. */
  #goOn(): void {
    if (this.#queue.length > 0) return
    if (this.#end !== undefined) this.#settle(this.#end)
    else if (this.#isFull) {
      this.#isFull = false
      this.onWanted?.()
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
  resolve(result: ReadResult<Uint8Array>): void
  reject(reason: unknown): void
}

/**
 * Whether a chunk is a small part of what one read of the socket brought: kept for a slow client, it would keep
 * all of that, which with HTTP/2 is up to 64 KiB of many streams.
 */
function isSmallPart({ buffer, length }: Uint8Array): boolean {
  return buffer.byteLength > 4 * length + 1024
}

/** A copy: what one read of the socket brought is one piece of memory, and may be several chunks. */
function ownOf(chunk: Uint8Array): ReadResult<Uint8Array> {
  return { done: false, value: new Uint8Array(chunk) }
}
