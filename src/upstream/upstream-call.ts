import type { TransportResponse } from '../transport/transport.ts'
import type { FirstEvent } from './first-event.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What is sent to the upstreams for one request. */
export interface UpstreamCall {
  readonly method: string
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null
  /**
   * Returns the URL and the headers for one upstream.
   *
   * @throws SseKitError with `SSE_BAD_REQUEST` for a request that cannot be passed on
   */
  head(target: UpstreamTarget): { url: URL; headers: Headers }
}

/** When an upstream is tried again, and when another is. */
export interface CallSettings {
  /** How many attempts each upstream gets. */
  readonly attempts: number
  /** Returns the delay before the next round in milliseconds. */
  readonly retryDelayMs: (attempts: number, retryAfterMs: number | undefined) => number
  /** Whether a status leads to another round, to the next upstream, or counts as a failure for the policy. */
  readonly isRetried: (status: number) => boolean
  readonly isFallenBack: (status: number) => boolean
  readonly isFailure: (status: number) => boolean
  /** The longest request body that is buffered to be sent again. */
  readonly replayBodyBytes: number
  readonly maxEventBytes: number
}

/** An upstream's response, whose head has come. */
export interface UpstreamResponse extends TransportResponse {
  readonly target: UpstreamTarget
  readonly isSse: boolean
  /** Milliseconds from the client's request to the response head. */
  readonly headersMs: number
  /** Where a policy waits for the first event: to be settled by whoever relays the body. */
  readonly firstEvent: FirstEvent | undefined
}

/** The result of one attempt. */
export type AttemptResult = (
  | { readonly response: UpstreamResponse }
  | { readonly response?: undefined; readonly error: unknown }
) & {
  /** Whether a request was sent. */
  readonly wasSent: boolean
  /** The status of the response head, if one came. */
  readonly status?: number | undefined
  /** Milliseconds from the client's request to that head. */
  readonly headersMs?: number | undefined
}

/** The result of a call. */
export type CallResult = (
  | { readonly response: UpstreamResponse }
  | { readonly response?: undefined; readonly error: unknown }
) & { readonly trace: CallTrace }

/** What happened during a call. */
export interface CallTrace {
  /** How many requests were sent. */
  attempts: number
  /** The index of the upstream that the result comes from. */
  upstream: number
  upstreamStatus?: number | undefined
  headersMs?: number | undefined
}
