import type { ClientRequest } from '../base/client-request.ts'

/** A `Request` as the request of a client. */
export class FetchRequest implements ClientRequest {
  readonly request: Request
  readonly url: URL
  readonly wantsStream = true
  #onGone: (() => void) | undefined

  /** @throws TypeError for a request whose body has been read or is locked */
  constructor(request: Request) {
    this.request = request
    this.url = new URL(request.url)
    if (this.isBodyRead) {
      throw new TypeError(
        'Cannot forward the request: its body has been read already. Read a clone instead',
      )
    }
  }

  get method(): string {
    return this.request.method
  }

  get headers(): Headers {
    return this.request.headers
  }

  get isBodyRead(): boolean {
    const { bodyUsed, body } = this.request
    return bodyUsed || body?.locked === true
  }

  get isGone(): boolean {
    return this.request.signal.aborted
  }

  takeBody(): ReadableStream<Uint8Array> | null {
    return this.request.body
  }

  onGone(listener: (() => void) | undefined): void {
    const { signal } = this.request
    if (this.#onGone !== undefined) signal.removeEventListener('abort', this.#onGone)
    if (listener !== undefined) signal.addEventListener('abort', listener)
    this.#onGone = listener
  }
}
