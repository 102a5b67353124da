import type { RecordedRequest } from './recorded-request.ts'

/** The head of a request. */
export interface RequestHead {
  index: number
  method: string
  url: string
  headers: Headers
  httpVersion: string
}

/** Characters of a body that an error message shows. */
const SHOWN_CHARS = 80

/** The record of one request, kept by the server or the `fetch` that received it. */
export class RequestRecord implements RecordedRequest {
  readonly index: number
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly httpVersion: string
  readonly body: Promise<Uint8Array>
  readonly closed: Promise<void>
  bodyBytes = 0
  bytesTaken = 0
  pauses = 0
  isAnswered = false
  /** Whether the script has ended or broken the response. */
  isDone = false
  aborted = false
  closedAtMs: number | undefined
  readonly #over = new AbortController()
  readonly #maxBodyBytes: number
  readonly #bodyChunks: Uint8Array[] = []
  #keptBytes = 0
  #endBody!: (body: Uint8Array) => void

  constructor(head: RequestHead, maxBodyBytes: number) {
    this.index = head.index
    this.method = head.method
    this.url = head.url
    this.headers = head.headers
    this.httpVersion = head.httpVersion
    this.#maxBodyBytes = maxBodyBytes
    this.body = new Promise((resolve) => {
      this.#endBody = resolve
    })
    this.closed = new Promise((resolve) => {
      this.over.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Aborts when the exchange is over. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.body)
  }

  async json(): Promise<unknown> {
    const text = await this.text()
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new SyntaxError(
        `Request ${this.index} (${this.method} ${this.url}): the body is not JSON: ${this.#whyNot(text, cause)}`,
        { cause },
      )
    }
  }

  #whyNot(text: string, cause: unknown): string {
    if (this.bodyBytes === 0) return 'it is empty'
    const { bodyBytes } = this
    if (bodyBytes > this.#keptBytes) {
      return `only ${this.#keptBytes} of its ${bodyBytes} bytes were kept. Raise maxBodyBytes`
    }
    const start = JSON.stringify(
      text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text,
    )
    const type = this.headers.get('content-type') ?? 'none'
    return `${(cause as Error).message}. Body: ${start}, ${bodyBytes} bytes. Content-Type: ${type}`
  }

  takeBody(chunk: Uint8Array): void {
    this.bodyBytes += chunk.length
    const kept = chunk.slice(0, this.#maxBodyBytes - this.#keptBytes)
    if (kept.length === 0) return
    this.#keptBytes += kept.length
    this.#bodyChunks.push(kept)
  }

  /** Reads the body to its end. Never rejects: a client that disconnects leaves what had arrived. */
  async readBody(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of body) this.takeBody(chunk)
    } catch {
      // The client disconnected within its body, which ends the record of it.
    }
    this.endBody()
  }

  endBody(): void {
    const body = new Uint8Array(this.#keptBytes)
    let offset = 0
    for (const chunk of this.#bodyChunks.splice(0)) {
      body.set(chunk, offset)
      offset += chunk.length
    }
    this.#endBody(body)
  }

  close(): void {
    if (this.over.aborted) return
    this.closedAtMs = performance.now()
    this.aborted = !this.isDone
    this.#over.abort()
  }
}
