import { FLOW, type ItemSource } from '../base/byte-source.ts'
import type { NodeResponse } from './node-message.ts'

/** What a writer needs of a response; node:http and node:http2 declare it in ways that do not overlap. */
interface Sink {
  write(chunk: Uint8Array, onWritten?: () => void): boolean
  on(event: 'drain', listener: () => void): unknown
  off(event: 'drain', listener: () => void): unknown
}

/**
 * Writes a body to a Node response: one pending read, one write for each chunk. Switches the body to flowing mode
 * where it can, and reads it only while chunks wait in it.
 *
 * - Holds nothing itself; Node holds what the socket has not taken, up to its own high mark and one chunk.
 * - Backpressure: after a full write the body is not read before `drain`.
 * - Cancel reaches the body at once, whatever the writer waits for.
 * - The end of the body is reported to `onEnd`, which ends the response.
 * - Error of the body, or of Node that cannot write it, is given to `onBreak`, once; the response is left open.
 */
export class BodyWriter {
  readonly #res: Sink
  readonly #onWritten: (() => void) | undefined
  readonly #body: Pick<ItemSource<Uint8Array>, typeof FLOW>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #onEnd: () => void
  readonly #onBreak: (reason: unknown) => void
  #sentAt = Number.NEGATIVE_INFINITY
  #isFlowing = false
  #isBlocked = false
  #hasEnded = false

  /** @throws TypeError if the body is locked */
  constructor(
    res: NodeResponse,
    body: ReadableStream<Uint8Array>,
    onEnd: () => void,
    onBreak: (reason: unknown) => void,
  ) {
    this.#res = res
    if ('stream' in res) {
      this.#onWritten = () => {
        this.#sentAt = performance.now()
      }
    }
    this.#body = body as Pick<ItemSource<Uint8Array>, typeof FLOW>
    this.#reader = body.getReader()
    this.#onEnd = onEnd
    this.#onBreak = onBreak
  }

  /** Whether the body has been written to its end, broken or cancelled. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** When the last bytes left Node, on the clock of `performance.now()`; `-Infinity` before any, and with HTTP/1. */
  get sentAt(): number {
    return this.#sentAt
  }

  start(): void {
    // Attached once for the whole body: a listener for each full write costs more than the flag.
    this.#res.on('drain', this.#onDrain)
    // Read by nobody while the client takes nothing: a body that breaks then would keep its connection for ever.
    this.#reader.closed.then(this.#onClosed, this.#onReadError)
    this.#readNext()
  }

  /** Cancels the body, unless it has ended. */
  cancel(reason: unknown): void {
    if (this.#hasEnded) return
    this.#stop()
    // Async, as the reader of what is no real stream may throw; that a body does not cancel well changes nothing.
    const cancel = async (): Promise<void> => this.#reader.cancel(reason)
    cancel().catch(() => {})
  }

  #readNext(): void {
    this.#isFlowing = this.#body[FLOW]?.(this.#onChunk) ?? false
    if (!this.#isFlowing) this.#reader.read().then(this.#onRead, this.#onReadError)
  }

  readonly #onChunk = (chunk: Uint8Array): void => {
    // What comes before the client takes more is held by the body, within its marks.
    if (!this.#write(chunk)) this.#body[FLOW]?.(undefined)
  }

  readonly #onRead = (result: ReadableStreamReadResult<Uint8Array>): void => {
    if (this.#hasEnded) return
    try {
      if (result.done) this.#end()
      else if (this.#write(result.value)) this.#readNext()
    } catch (error) {
      // Only what is no real stream gives no result.
      this.#breakOff(error)
    }
  }

  /** Returns whether the client takes more. */
  #write(chunk: Uint8Array): boolean {
    // HTTP/2 calls back for an empty write inside nghttp2's send loop, where the response must not be ended.
    if (chunk.length === 0) return true
    try {
      this.#isBlocked = !this.#res.write(chunk, this.#onWritten)
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
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.#readNext()
  }

  #stop(): void {
    this.#hasEnded = true
    this.#res.off('drain', this.#onDrain)
  }
}
