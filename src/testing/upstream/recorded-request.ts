/** What a fake upstream knows of one request, and of how its answer went; it changes while the answer runs. */
export interface RecordedRequest {
  /** How many requests came before this one. */
  readonly index: number
  readonly method: string
  /** Path and query as they arrived. */
  readonly url: string
  readonly headers: Headers
  /** `1.1` or `2.0`, or `fetch` where no socket was used. */
  readonly httpVersion: string
  /**
   * The body, once it has ended or its sender has gone. Never rejects; holds at most `maxBodyBytes`, of which
   * `bodyBytes` may tell more.
   */
  readonly body: Promise<Uint8Array>
  /** The body as UTF-8. */
  text(): Promise<string>
  /**
   * The body, parsed as JSON. Rejects with a `SyntaxError` that names the request and shows how its body begins.
   */
  json(): Promise<unknown>
  /** How many bytes of the body have arrived. */
  readonly bodyBytes: number
  /** How many bytes of the answer's body, before any coding, the client has taken: over a socket, those the system has. */
  readonly bytesTaken: number
  /** How often the script had to wait for the client to take more. */
  readonly pauses: number
  /** Whether the head of the answer has gone out. */
  readonly isAnswered: boolean
  /** Whether the client left before the script had ended the answer. */
  readonly aborted: boolean
  /** Resolves when the exchange is over: answered whole, broken by the script, or left by the client. */
  readonly closed: Promise<void>
  /** When it was over, on the clock of `performance.now()`, in milliseconds. */
  readonly closedAtMs: number | undefined
}
