/** The record of one request to a fake upstream and of its response; it changes while the response runs. */
export interface RecordedRequest {
  /** The number of requests before this one. */
  readonly index: number
  readonly method: string
  /** Path and query as received. */
  readonly url: string
  readonly headers: Headers
  /** `1.1` or `2.0`, or `fetch` for a request without a socket. */
  readonly httpVersion: string
  /**
   * Resolves to the body once it has ended or the client has disconnected. Never rejects. Holds at most
   * `maxBodyBytes`; `bodyBytes` has the full size.
   */
  readonly body: Promise<Uint8Array>
  /** The body as UTF-8. */
  text(): Promise<string>
  /**
   * The body, parsed as JSON. Rejects with a `SyntaxError` that names the request and shows the start of its body.
   */
  json(): Promise<unknown>
  /** Bytes of the body that have arrived. */
  readonly bodyBytes: number
  /** Bytes of the response body, before any coding, that the client has taken; with a socket, that the system has taken. */
  readonly bytesTaken: number
  /** How often the script had to wait for the client. */
  readonly pauses: number
  /** Whether the response head has been sent. */
  readonly isAnswered: boolean
  /** Whether the client disconnected before the script had ended the response. */
  readonly aborted: boolean
  /** Resolves when the exchange is over: response complete, broken by the script, or client disconnected. */
  readonly closed: Promise<void>
  /** The time at which it was over, in milliseconds of `performance.now()`. */
  readonly closedAtMs: number | undefined
}
