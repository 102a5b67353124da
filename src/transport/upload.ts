import { Readable, type Writable } from 'node:stream'

const PART_BYTES = 65_536

/**
 * A request body as the stream that undici takes.
 *
 * A Node stream because undici ties it to the stream of the connection in both directions. Over HTTP/2 an abort leaves
 * an async iterable waiting, and with it the stream of the connection: its queued bytes can never be sent, and
 * Node keeps it until the connection closes.
 *
 * - Holds one chunk, or the bytes of a body that is whole.
 * - Error of the body: destroys it, see {@link Upload.failure}. Cancel: `destroy` cancels the body.
 *
 * Never emits an error. At the error of a body undici closes a stream of HTTP/2, and inside of that call Node's `pipeline`
 * destroys it; Node then sends empty frames in an endless loop (seen with Node 20 and undici 7). Without one, the
 * stream is destroyed alone, and reset.
 */
export class Upload extends Readable {
  /** The error of the body, if it failed. */
  failure: { error: unknown } | undefined
  #http2Stream: Writable | undefined
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  constructor(body: Uint8Array | ReadableStream<Uint8Array>) {
    super({ highWaterMark: 1 })
    if (!(body instanceof Uint8Array)) {
      this.#reader = body.getReader()
      return
    }
    // All at once, so that undici sees the length; in parts, because a stream ends when its last chunk is taken, and
    // undici takes that for the end of the upload.
    for (let at = 0; at < body.length; at += PART_BYTES) {
      this.push(body.subarray(at, at + PART_BYTES))
    }
    this.push(null)
  }

  /** undici calls it for a stream of HTTP/2 only. */
  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    this.#http2Stream = destination as unknown as Writable
    return super.pipe(destination, options)
  }

  /** Ends the upload where it is, and over HTTP/2 resets the stream of the connection if that has not sent all of it. */
  stop(): void {
    this.destroy()
    if (this.#http2Stream?.writableFinished === false) {
      this.#http2Stream.destroy(new Error('The upload was stopped'))
    }
  }

  override _read(): void {
    this.#reader?.read().then(
      ({ done, value }) => {
        // Its end would hide from Node that the stream was destroyed before it.
        if (!this.destroyed) this.push(done ? null : value)
      },
      (error: unknown) => {
        this.failure = { error }
        this.destroy()
      },
    )
  }

  override _destroy(reason: Error | null, onDestroyed: () => void): void {
    // A body that has ended or failed needs no cancel.
    this.#reader?.cancel(reason).catch(() => {})
    onDestroyed()
  }
}
