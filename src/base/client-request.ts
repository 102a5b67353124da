import type { ItemSource } from './byte-source.ts'

/**
 * Symbol of the method of a handler that takes a {@link ClientRequest}: a host that has no `Request` at hand need not
 * make one, nor a `Response`.
 */
export const DIRECT: unique symbol = Symbol('sse-stream-kit.direct')

/** A handler that a host may call without a `Request`. */
export interface DirectHandler {
  /** Never rejects. */
  [DIRECT](client: ClientRequest): Promise<ClientResponse>
}

/** The request of a client: a `Request`, or what a host has in its place. */
export interface ClientRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  /** Whether the application has read the body of `request`. */
  readonly isBodyRead: boolean
  /** What the application sees. */
  readonly request: Request
  /** Whether the body of its response must be a `ReadableStream`. */
  readonly wantsStream: boolean
  /** Whether the client has left. */
  readonly isGone: boolean
  /** Gives the body to the caller, who may be the only one to hold it from now on. */
  takeBody(): ClientBody
  /** Sets what is called when the client leaves; `undefined` for nothing. */
  onGone(listener: (() => void) | undefined): void
}

/** The body of a request: bytes if it has arrived whole. */
export type ClientBody = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null

/** The response to it. */
export interface ClientResponse {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly body: ItemSource<Uint8Array> | null
}
