import type { RecordedRequest } from './recorded-request.ts'

/** What a record is made of. */
export interface RequestHead {
  index: number
  method: string
  url: string
  headers: Headers
  httpVersion: string
}

/** The record of one request, written by the face it arrived at. */
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
  /** The script itself has ended or broken the answer. */
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

  /** Aborted when the exchange is over, for whatever reason. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.body)
  }

  takeBody(chunk: Uint8Array): void {
    this.bodyBytes += chunk.length
    const kept = chunk.slice(0, this.#maxBodyBytes - this.#keptBytes)
    if (kept.length === 0) return
    this.#keptBytes += kept.length
    this.#bodyChunks.push(kept)
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
