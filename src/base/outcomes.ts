import { SseKitError, type SseKitErrorCode } from './sse-kit-error.ts'
import type { Verdict } from './verdict.ts'

/** What an error code leads to. */
export interface Outcome {
  readonly verdict: Exclude<Verdict, 'complete'>
  /** Status of the response, if its head has not been sent yet. */
  readonly status: number
  /** Text for the client: the kind of failure, without details of the upstream. */
  readonly publicText: string
  /** Whether the upstream is to blame: counts for its breaker, and leads to a retry or the next upstream. */
  readonly isUpstreamFault: boolean
  /**
   * Flush deadline in milliseconds: how long a failed stream waits for its client to read the events that arrived
   * before the error. `'clientStallMs'` uses that timeout.
   */
  readonly flushMs: number | 'clientStallMs'
}

/** The outcome of each error code. */
export const OUTCOMES: Readonly<Record<SseKitErrorCode, Outcome>> = {
  SSE_LIMIT: {
    verdict: 'too_large',
    status: 502,
    publicText: 'An event from the upstream was too large',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_UPSTREAM_NETWORK: {
    verdict: 'upstream_error',
    status: 502,
    publicText: 'The upstream could not be reached, or its connection broke',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_UPSTREAM_TIMEOUT: {
    verdict: 'timeout',
    status: 504,
    publicText: 'The upstream took too long',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_TRUNCATED: {
    verdict: 'truncated',
    status: 502,
    publicText: 'The upstream ended its response early',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_UPSTREAM_STATUS: {
    verdict: 'upstream_error',
    status: 502,
    publicText: 'The upstream sent an invalid status',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_CLIENT_GONE: {
    verdict: 'client_gone',
    // Never sent; access logs use this number.
    status: 499,
    publicText: 'The client left',
    isUpstreamFault: false,
    flushMs: 0,
  },
  SSE_CLIENT_STALLED: {
    verdict: 'client_gone',
    status: 499,
    publicText: 'The client read nothing for too long',
    isUpstreamFault: false,
    flushMs: 0,
  },
  SSE_BAD_REQUEST: {
    verdict: 'error',
    status: 400,
    publicText: 'The request cannot be forwarded',
    isUpstreamFault: false,
    flushMs: 'clientStallMs',
  },
  SSE_CIRCUIT_OPEN: {
    verdict: 'upstream_error',
    status: 503,
    publicText: 'The upstream has failed repeatedly',
    isUpstreamFault: true,
    flushMs: 'clientStallMs',
  },
  SSE_LOOP: {
    verdict: 'error',
    status: 508,
    publicText: 'The request has come through this proxy before',
    isUpstreamFault: false,
    flushMs: 'clientStallMs',
  },
  SSE_TRANSFORM: {
    verdict: 'error',
    status: 500,
    publicText: 'The server failed',
    isUpstreamFault: false,
    flushMs: 'clientStallMs',
  },
  SSE_REQUEST_SETUP: {
    verdict: 'error',
    status: 500,
    publicText: 'The server failed to prepare the request',
    isUpstreamFault: false,
    flushMs: 'clientStallMs',
  },
  SSE_DRAINING: {
    verdict: 'error',
    status: 503,
    publicText: 'The server is shutting down',
    isUpstreamFault: false,
    flushMs: 1_000,
  },
  SSE_INTERNAL: {
    verdict: 'error',
    status: 500,
    publicText: 'The server failed',
    isUpstreamFault: false,
    flushMs: 'clientStallMs',
  },
}

/**
 * Returns the error itself if it has an {@link SseKitErrorCode}, else an `SSE_INTERNAL` error with it as the cause.
 *
 * Tests the code and not the class, because two copies of this package can be loaded at once.
 */
export function toSseKitError(error: unknown): SseKitError {
  if (isSseKitError(error)) return error
  return new SseKitError(
    'SSE_INTERNAL',
    'Unexpected error: a bug of sse-stream-kit, or of a function or stream that was passed to it',
    { cause: error },
  )
}

/** Whether an error has an {@link SseKitErrorCode}. */
export function isSseKitError(error: unknown): error is SseKitError {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' && Object.hasOwn(OUTCOMES, code)
}

/** Returns the outcome of an error; without an {@link SseKitErrorCode}, that of `SSE_INTERNAL`. */
export function outcomeOf(error: unknown): Outcome {
  return OUTCOMES[isSseKitError(error) ? error.code : 'SSE_INTERNAL']
}
