import type { SseKitErrorCode } from '../base/sse-kit-error.ts'
import type { TimeoutPhase } from '../base/upstream-timeout-error.ts'
import type { Verdict } from '../base/verdict.ts'
import type { LlmSummary } from '../llm/llm-summary.ts'
import type { TapSummary } from '../transforms/metrics-tap.ts'

/** The second argument of a proxy's `onEnd`. */
export interface EndContext {
  /** The client's request, as the proxy received it. */
  request: Request
  /** The error with its causes, if there was one. Do not send it to the client: it may contain addresses. */
  error: unknown
}

/**
 * The figures of one request after its end, as a plain object for a log. Times are in milliseconds, rounded to
 * microseconds.
 */
export interface StreamSummary
  extends Pick<
    TapSummary,
    'durationMs' | 'firstItemMs' | 'firstEventMs' | 'events' | 'gaps' | 'pauses'
  > {
  verdict: Verdict
  /** The stable code of the error, if there was one. */
  code?: SseKitErrorCode
  /**
   * The code of the system or the TLS library, with the verdicts `upstream_error` and `timeout`:
   * `ECONNREFUSED`, `ENOTFOUND`, `DEPTH_ZERO_SELF_SIGNED_CERT` and the like. Never sent to the client.
   */
  causeCode?: string
  /** The phase whose limit was exceeded, with the verdict `timeout`. */
  phase?: TimeoutPhase
  /** The status sent to the client; 499 if it left before there was one. */
  status: number
  /** The status received from the upstream; absent if there was none. */
  upstreamStatus?: number
  /** The index of the upstream that served the request. */
  upstream: number
  /** The number of requests sent to upstreams. */
  attempts: number
  /** Whether the response was an event stream. */
  isSse: boolean
  /** What the response of an LLM stated; absent for other responses than event streams and Ollama's lines, and with `dialect: false`. */
  llm?: LlmSummary | undefined
  /** Milliseconds from the request to the upstream's headers; absent if there were none. */
  headersMs?: number
  /** Bytes of the upstream's body, after content decoding. */
  bytesIn: number
  /** Bytes of the body passed to the client's side, heartbeats included. */
  bytesOut: number
  heartbeats: number
}
