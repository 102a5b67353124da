import type { TapSummary } from './metrics-tap.ts'

/**
 * How a stream ended, decided exactly once:
 * - `complete`: to its end, and the end was an event boundary
 * - `truncated`: the upstream ended it cleanly, but inside an event
 * - `client_gone`: the client left, or took nothing for too long
 * - `upstream_error`: the upstream could not be reached, or its connection broke
 * - `timeout`: the upstream took too long; `phase` says at what
 * - `too_large`: an event was over its limit
 * - `error`: a function of the application threw, the request was refused, or the proxy was closed
 */
export type Verdict =
  | 'complete'
  | 'truncated'
  | 'client_gone'
  | 'upstream_error'
  | 'timeout'
  | 'too_large'
  | 'error'

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
  code?: string
  /** What the upstream took too long for, with the verdict `timeout`. */
  phase?: string
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
  /** From the request to the upstream's headers; absent if there were none. */
  headersMs?: number
  /** Bytes of the upstream's body that went through, decoded. */
  bytesIn: number
  /** Bytes of the body handed to the client's side, heartbeats included. */
  bytesOut: number
  heartbeats: number
}
