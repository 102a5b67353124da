import type { SseKitErrorCode } from '../base/sse-kit-error.ts'
import type { TimeoutPhase } from '../base/upstream-timeout-error.ts'
import type { Verdict } from '../base/verdict.ts'
import type { LlmSummary } from '../llm/llm-summary.ts'
import type { TapSummary } from '../transforms/metrics-tap.ts'

/** What a proxy's `onEnd` is given besides the summary. */
export interface EndContext {
  /** The client's request, as the proxy was given it. */
  request: Request
  /** What went wrong, with its causes; `undefined` where nothing did. Not for the client: it may name addresses. */
  error: unknown
}

/**
 * One request through the proxy, once it is over: a line that can be logged as it is. Times are rounded to
 * microseconds.
 */
export interface StreamSummary
  extends Pick<
    TapSummary,
    'durationMs' | 'firstItemMs' | 'firstEventMs' | 'events' | 'gaps' | 'pauses'
  > {
  verdict: Verdict
  /** The stable code of what went wrong, where something did. */
  code?: SseKitErrorCode
  /**
   * The system's or the TLS library's own code for it, with the verdicts `upstream_error` and `timeout`:
   * `ECONNREFUSED`, `ENOTFOUND`, `DEPTH_ZERO_SELF_SIGNED_CERT` and the like. Never sent to the client.
   */
  causeCode?: string
  /** What the upstream took too long for, with the verdict `timeout`. */
  phase?: TimeoutPhase
  /** The status that the client was sent; 499 if it left before there was one. */
  status: number
  /** The status that the upstream sent; absent if there was none. */
  upstreamStatus?: number
  /** Which of several upstreams served: its place in the list, from 0. */
  upstream: number
  /** How often an upstream was asked. */
  attempts: number
  /** Whether the answer was an event stream. */
  isSse: boolean
  /** What the answer of an LLM stated; absent where it was no event stream, or with `dialect: false`. */
  llm?: LlmSummary | undefined
  /** From the request to the upstream's headers; absent if there were none. */
  headersMs?: number
  /** Bytes of the upstream's body that went through, decoded. */
  bytesIn: number
  /** Bytes of the body handed to the client's side, heartbeats included. */
  bytesOut: number
  heartbeats: number
}
