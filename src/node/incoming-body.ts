import type { NodeRequest } from './node-message.ts'

/**
 * The body of a Node request as a `ReadableStream`.
 *
 * - Holds nothing: the request is paused while there is no pending read.
 * - Cancel discards the rest and keeps the connection open for the response.
 * - Error if the exchange ends before the body, for example because the client leaves; `release` raises it.
 */
export class IncomingBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly #req: NodeRequest
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #isAttached = false
  #isOver = false

  constructor(req: NodeRequest) {
    this.#req = req
    // Not `Readable.toWeb`: cancelled while it resumes, it throws an uncaught exception (nodejs/node#64529).
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => this.#pull(),
        cancel: () => this.#discard(),
      },
      { highWaterMark: 0 },
    )
  }

  /** Ends the stream if it has not ended, and discards the rest so that the connection can be reused. */
  release(): void {
    if (this.#isOver) return
    this.#discard()
    this.#controller?.error(gone())
  }

  #discard(): void {
    this.#isOver = true
    this.#detach()
    this.#req.resume()
  }

  #pull(): void {
    if (this.#isOver) return
    if (!this.#isAttached) {
      if (this.#req.destroyed) {
        this.#fail()
        return
      }
      this.#isAttached = true
      this.#req.on('data', this.#onData)
      this.#req.on('end', this.#onEnd)
    }
    this.#req.resume()
  }

  #detach(): void {
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#req.pause()
    this.#controller?.enqueue(chunk)
  }

  readonly #onEnd = (): void => {
    // HTTP/2 also ends the request when the client resets it: a truncated upload must not look complete.
    if (this.#req.aborted) {
      this.#fail()
      return
    }
    this.#isOver = true
    this.#detach()
    this.#controller?.close()
  }

  #fail(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#detach()
    this.#controller?.error(gone())
  }
}

function gone(): DOMException {
  return new DOMException('The exchange ended before the request body', 'AbortError')
}
