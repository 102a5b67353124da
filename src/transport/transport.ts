import type { ByteSource } from '../base/byte-source.ts'

/** One HTTP request to an upstream. */
export interface TransportCall {
  url: URL
  method: string
  headers: Headers
  body: ReadableStream<Uint8Array> | null
  /** Aborts the request, and after its head the body. */
  signal: AbortSignal
}

/** The answer to a {@link TransportCall}. */
export interface TransportAnswer {
  /** 200 or above. */
  status: number
  statusText: string
  /** Those of the body as it is given: where a coding was decoded they do not name it. Owned by the caller. */
  headers: Headers
  /** `null` where the answer has none, as to `HEAD`. It fails with coded errors. */
  body: ByteSource | null
}

/** Makes HTTP requests to one upstream. */
export interface Transport {
  /**
   * Sends a request and resolves with the head of the answer. Redirects are answers.
   *
   * @throws UpstreamTimeoutError with phase `connect`
   * @throws UpstreamNetworkError for whatever else keeps the answer from coming
   * @throws the reason of the signal, as soon as it is aborted
   */
  send(call: TransportCall): Promise<TransportAnswer>
}

/** The transports of one proxy that share connections. */
export interface TransportPool {
  /** Returns the transport whose connections have to be made within so many milliseconds. */
  transport(connectMs: number): Transport
  /** Closes all connections now. */
  destroy(): Promise<void>
}
