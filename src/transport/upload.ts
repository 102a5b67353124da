import { Readable } from 'node:stream'

/**
 * A request body as the stream that undici takes.
 *
 * A Node stream because undici ties it to the stream of the connection in both directions. Over HTTP/2 an abort leaves
 * an async iterable waiting, and with it the stream of the connection: its queued bytes can never be sent, and
 * Node keeps it until the connection closes.
 *
 * - Holds one chunk.
 * - Error of the body: destroys it, see {@link Upload.failure}. Cancel: `destroy` cancels the body.
 *
 * Never emits an error. At the error of a body undici closes a stream of HTTP/2, and inside of that call Node's `pipeline`
 * destroys it; Node then sends empty frames in an endless loop (seen with Node 20 and undici 7). Without one, the
 * stream is destroyed alone, and reset.
 */
export class Upload extends Readable {
  /** The error of the body, if it failed. */
  failure: { error: unknown } | undefined
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>

  constructor(body: ReadableStream<Uint8Array>) {
    super({ highWaterMark: 1 })
    this.#reader = body.getReader()
  }

  override _read(): void {
    this.#reader.read().then(
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
    this.#reader.cancel(reason).catch(() => {})
    onDestroyed()
  }
}
