import { type ByteSource, FLOW, type ItemReader } from '../base/byte-source.ts'
import { compact } from '../base/compact.ts'
import type { ReadResult } from '../base/read-result.ts'

/** The high watermark of the queue. */
const MAX_QUEUED_BYTES = 16_384

/** Controls the request whose response is received. */
export interface RequestControl {
  /** Reads on after `push` returned false. */
  resume(): void
  /** Ends the request. */
  abort(reason: unknown): void
}

/** Receives the bytes of a response as they arrive. */
export interface BodySink {
  /** Takes a chunk. Returns whether it accepts more. */
  push(chunk: Uint8Array): boolean
  /** The response is complete. */
  end(): void
  /** The response failed. */
  fail(reason: unknown): void
}

/**
 * A response body that the connection pushes its bytes into, without the copy and the promises per chunk of a
 * `ReadableStream`.
 *
 * - Holds at most 16 KiB and a chunk; the rest stays in the socket.
 * - Cancel: drops the queue and aborts the request.
 * - Error: the queue is read before it.
 */
export class PushedBody implements ByteSource, ItemReader<Uint8Array>, BodySink {
  static {
    Object.assign(PushedBody.prototype, { [FLOW]: PushedBody.prototype.flow })
  }

  /** Settles when the body has ended and the queue is empty. */
  readonly closed: Promise<void>
  readonly #request: RequestControl
  #close!: () => void
  #fail!: (reason: unknown) => void
  #end: 'done' | { reason: unknown } | undefined
  #sink: ((chunk: Uint8Array) => void) | undefined
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #isFull = false
  #waiting: Waiting | undefined

  constructor(request: RequestControl) {
    this.#request = request
    this.closed = new Promise((resolve, reject) => {
      this.#close = resolve
      this.#fail = reject
    })
  }

  push(chunk: Uint8Array): boolean {
    // Cancelled: the rest is dropped. Paused, the connection would never reach its end.
    if (this.#end !== undefined) return true
    if (this.#sink !== undefined) {
      this.#sink(chunk)
    } else if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting
      this.#waiting = undefined
      resolve(ownOf(chunk))
    } else {
      this.#queue.push(compact(chunk))
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
      this.#afterTake()
      return Promise.resolve(ownOf(chunk))
    }
    if (this.#end === 'done') return Promise.resolve({ done: true, value: undefined })
    if (this.#end !== undefined) return Promise.reject(this.#end.reason)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** The method [FLOW], under a name that declaration files support. */
  flow(sink: ((chunk: Uint8Array) => void) | undefined): boolean {
    if (sink !== undefined && this.#end !== undefined && this.#queue.length === 0) return false
    this.#sink = sink
    while (this.#sink !== undefined) {
      const chunk = this.#shift()
      if (chunk === undefined) break
      this.#sink(chunk)
    }
    this.#afterTake()
    return true
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#queue = []
    this.#queuedBytes = 0
    const isRunning = this.#end === undefined
    this.#endWith('done')
    if (isRunning) this.#request.abort(reason)
  }

  #shift(): Uint8Array | undefined {
    const chunk = this.#queue.shift()
    this.#queuedBytes -= chunk?.length ?? 0
    return chunk
  }

  /** Called after chunks were taken from the queue. */
  #afterTake(): void {
    if (this.#queue.length > 0) return
    if (this.#end !== undefined) this.#settle(this.#end)
    else if (this.#isFull) {
      this.#isFull = false
      this.#request.resume()
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
    else {
      // A reader need not use `closed`.
      this.closed.catch(() => {})
      this.#fail(end.reason)
    }
  }
}

interface Waiting {
  resolve(result: ReadResult<Uint8Array>): void
  reject(reason: unknown): void
}

/** Copies the chunk, because several chunks may share the memory of one socket read. */
function ownOf(chunk: Uint8Array): ReadResult<Uint8Array> {
  return { done: false, value: new Uint8Array(chunk) }
}
