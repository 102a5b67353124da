import type { TransportAnswer } from '../transport/transport.ts'
import type { FirstEvent } from './first-event.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What is asked of the upstreams for one request. */
export interface UpstreamCall {
  readonly method: string
  readonly body: ReadableStream<Uint8Array> | null
  /**
   * Makes the URL and the headers for one upstream.
   *
   * @throws SseKitError with `SSE_BAD_REQUEST` for a request that cannot be passed on
   */
  head(target: UpstreamTarget): { url: URL; headers: Headers }
}

/** How dependable a call is. */
export interface CallSettings {
  /** How often each upstream is asked. */
  readonly attempts: number
  /** How long to wait before the next round. */
  readonly retryDelayMs: (tries: number, retryAfterMs: number | undefined) => number
  /** Whether a status leads to another round, to the next upstream, or counts as a failure for the policy. */
  readonly isRetried: (status: number) => boolean
  readonly isFallenBack: (status: number) => boolean
  readonly isFailure: (status: number) => boolean
  /** The longest request body that is kept to be sent again. */
  readonly replayBodyBytes: number
  readonly maxEventBytes: number
}

/** An upstream's answer, at least as far as its head. */
export interface UpstreamAnswer extends TransportAnswer {
  readonly target: UpstreamTarget
  readonly isSse: boolean
  /** From the request to the head. */
  readonly headersMs: number
  /** To be told of, where a policy waits for it. */
  readonly firstEvent: FirstEvent | undefined
}

/** What came of one attempt. */
export type AttemptResult = (
  | { readonly answer: UpstreamAnswer }
  | { readonly answer?: undefined; readonly error: unknown }
) & {
  /** Whether the upstream was asked. */
  readonly wasAsked: boolean
  /** Of the head that came, if one came. */
  readonly status?: number | undefined
  /** From the request to that head. */
  readonly headersMs?: number | undefined
}

/** What came of a call. */
export type CallResult = (
  | { readonly answer: UpstreamAnswer }
  | { readonly answer?: undefined; readonly error: unknown }
) & { readonly trace: CallTrace }

/** What happened during a call. */
export interface CallTrace {
  /** How often an upstream was asked. */
  attempts: number
  /** The upstream that the result comes from: its place in the list. */
  upstream: number
  upstreamStatus?: number | undefined
  headersMs?: number | undefined
}
