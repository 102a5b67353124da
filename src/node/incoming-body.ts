import type { NodeRequest } from './node-message.ts'

/**
 * The body of a Node request as a stream that reads only when it is read.
 *
 * - Holds nothing: the request is paused while nobody asks.
 * - Cancel leaves the connection alone, so that an answer can still be sent on it, and discards the rest.
 * - Error if the exchange is over before the end, which it is when the client leaves; `release` tells it.
 */
export class IncomingBody {
  readonly stream: ReadableStream<Uint8Array>
  readonly #req: NodeRequest
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #isAttached = false
  #isOver = false

  constructor(req: NodeRequest) {
    this.#req = req
    // Not `Readable.toWeb`: cancelled while it resumes, it throws where nobody can catch (nodejs/node#64529).
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

  /** Ends the stream if it has not ended; what nobody read is discarded, as the connection may be needed again. */
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
    // HTTP/2 ends the request also when the client resets it: a cut upload must not look whole.
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
  return new DOMException('The exchange was over before the request body', 'AbortError')
}
