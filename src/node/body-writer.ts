import { FLOW, type ItemReader, type ItemSource } from '../base/byte-source.ts'
import type { ReadResult } from '../base/read-result.ts'
import type { NodeResponse } from './node-message.ts'
import { type ChunkSink, hasNodeWrite, writeChunk } from './write-chunk.ts'

/** How much Node may hold before the body is read on. From Node 22 on, its own limit is 64 KiB, and then any chunk. */
const MAX_PENDING_BYTES = 16_384

/** A `ReadableStream`, or a lighter source whose reader has `closed`. */
export interface ResponseBody extends ItemSource<Uint8Array> {
  getReader(): ItemReader<Uint8Array> & { readonly closed: Promise<unknown> }
}

/** The part of a response that is used; the types of node:http and node:http2 do not overlap. */
interface Sink extends ChunkSink {
  readonly socket: { readonly destroyed: boolean } | null
  on(event: 'drain', listener: () => void): unknown
  off(event: 'drain', listener: () => void): unknown
}

/**
 * Writes a body to a Node response: one pending read, one write per chunk. Switches the body to flowing mode if it can,
 * and reads it only while chunks are queued in it.
 *
 * - Holds nothing itself. Node buffers what the socket has not accepted, up to 16 KiB and one chunk; with HTTP/2 or a
 *   replaced `write`, up to its own high watermark and one chunk.
 * - Backpressure: stops reading the body from there on until Node has passed it all to the system.
 * - Cancel reaches the body at once, also during a pending read or write.
 * - End of the body: calls `onEnd`, which ends the response.
 * - Error of the body or of a write: calls `onBreak` once; the response is left open.
 */
export class BodyWriter {
  readonly #res: Sink
  readonly #onWritten: (() => void) | undefined
  readonly #body: ResponseBody
  readonly #reader: ReturnType<ResponseBody['getReader']>
  readonly #onEnd: () => void
  readonly #onBreak: (reason: unknown) => void
  #sentAt = Number.NEGATIVE_INFINITY
  #hasWritten = false
  #isFlowing = false
  #isBlocked = false
  #isFull = false
  #hasEnded = false

  /** @throws TypeError if the body is locked */
  constructor(
    res: NodeResponse,
    body: ResponseBody,
    onEnd: () => void,
    onBreak: (reason: unknown) => void,
  ) {
    this.#res = res
    if ('stream' in res) {
      this.#onWritten = () => {
        this.#sentAt = performance.now()
      }
    }
    this.#body = body
    this.#reader = body.getReader()
    this.#onEnd = onEnd
    this.#onBreak = onBreak
  }

  /** Whether the body has been written to its end, has failed or was cancelled. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Whether a chunk has been written, and the head with it. */
  get hasWritten(): boolean {
    return this.#hasWritten
  }

  /** `performance.now()` when Node last passed bytes to the system; `-Infinity` before any, and with HTTP/1. */
  get sentAt(): number {
    return this.#sentAt
  }

  start(): void {
    // Attached once for the whole body: a listener per full write costs more than the flag.
    this.#res.on('drain', this.#onDrain)
    // The body is not read while the client is stalled: without `closed`, an error then would never be seen.
    this.#reader.closed.then(this.#onClosed, this.#onReadError)
    this.#readNext()
  }

  /** Cancels the body, unless it has ended. */
  cancel(reason: unknown): void {
    if (this.#hasEnded) return
    this.#stop()
    // Async because the reader of an object that is not a real stream may throw. A failed cancel changes nothing.
    const cancel = async (): Promise<void> => this.#reader.cancel(reason)
    cancel().catch(() => {})
  }

  #readNext(): void {
    this.#isFlowing = this.#body[FLOW]?.(this.#onChunk) ?? false
    if (!this.#isFlowing) this.#reader.read().then(this.#onRead, this.#onReadError)
  }

  readonly #onChunk = (chunk: Uint8Array): void => {
    // Until `drain`, the body buffers what arrives, within its watermarks.
    if (!this.#write(chunk)) this.#body[FLOW]?.(undefined)
  }

  readonly #onRead = (result: ReadResult<Uint8Array>): void => {
    if (this.#hasEnded) return
    try {
      if (result.done) this.#end()
      else if (this.#write(result.value)) this.#readNext()
    } catch (error) {
      // Only an object that is not a real stream resolves to no result.
      this.#breakOff(error)
    }
  }

  /** Returns whether more may be written now. */
  #write(chunk: Uint8Array): boolean {
    // HTTP/2 calls back for an empty write inside nghttp2's send loop, where the response must not be ended.
    if (chunk.length === 0) return true
    this.#hasWritten = true
    const res = this.#res
    this.#isFull = hasNodeWrite(res) && res.writableLength + chunk.length >= MAX_PENDING_BYTES
    try {
      const mayWrite = writeChunk(res, chunk, this.#isFull ? this.#onDrain : this.#onWritten)
      this.#isBlocked = this.#isFull || !mayWrite
      return !this.#isBlocked
    } catch (error) {
      this.#breakOff(error)
      return false
    }
  }

  #end(): void {
    try {
      this.#stop()
      this.#onEnd()
    } catch (error) {
      this.#breakOff(error)
    }
  }

  #breakOff(error: unknown): void {
    this.cancel(error)
    this.#onBreak(error)
  }

  readonly #onClosed = (): void => {
    if (this.#isFlowing && !this.#hasEnded) this.#end()
  }

  readonly #onReadError = (reason: unknown): void => {
    if (this.#hasEnded) return
    this.#stop()
    this.#onBreak(reason)
  }

  readonly #onDrain = (): void => {
    if (!this.#isBlocked || this.#hasEnded) return
    // A write that returned false calls it twice, and one that failed before `close`.
    if (this.#isFull && !this.#hasDrained()) return
    this.#isBlocked = false
    this.#readNext()
  }

  #hasDrained(): boolean {
    const { socket, writableLength } = this.#res
    return socket?.destroyed !== true && writableLength < MAX_PENDING_BYTES
  }

  #stop(): void {
    this.#hasEnded = true
    this.#res.off('drain', this.#onDrain)
  }
}
