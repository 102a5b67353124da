import type { Aborter } from '../base/aborter.ts'
import type { ByteSource } from '../base/byte-source.ts'

/** One HTTP request to an upstream. */
export interface TransportCall {
  url: URL
  method: string
  headers: Headers
  /** The transport neither mutates nor transfers bytes, so that they can be sent again. */
  body: Uint8Array | ReadableStream<Uint8Array> | null
  /** Aborts the request, and after its head the body. */
  aborter: Aborter
}

/** The response to a {@link TransportCall}. */
export interface TransportResponse {
  /** 200 or above. */
  status: number
  statusText: string
  /** They describe the body as given: without `content-encoding` where it was decoded. Owned by the caller. */
  headers: Headers
  /** `null` where the response has none, such as to `HEAD`. It fails with coded errors. */
  body: ByteSource | null
}

/** Makes HTTP requests to one upstream. */
export interface Transport {
  /**
   * Sends a request and resolves with the response head. Does not follow redirects.
   *
   * @throws UpstreamTimeoutError with phase `connect`
   * @throws UpstreamNetworkError for every other failure before the response head
   * @throws the reason of the aborter, as soon as it is aborted
   */
  send(call: TransportCall): Promise<TransportResponse>
}

/** The transports of one proxy that share connections. */
export interface TransportPool {
  /** Returns the transport whose connections must be established within `connectMs`. */
  transport(connectMs: number): Transport
  /** Closes all connections now. */
  destroy(): Promise<void>
}
