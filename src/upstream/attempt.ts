import type { Aborter } from '../base/aborter.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { isEventStream } from '../http/response-headers.ts'
import type { TransportResponse } from '../transport/transport.ts'
import { peekFirstEvent } from './peek-first-event.ts'
import { PhaseLimit } from './phase-limit.ts'
import type { RequestReplay } from './request-replay.ts'
import type { AttemptResult, UpstreamCall, UpstreamResponse } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What an attempt depends on. */
export interface AttemptOptions {
  call: UpstreamCall
  target: UpstreamTarget
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  /** Aborts the attempt, and after it the body of its response. */
  aborter: Aborter
  /** Stops the limit on the response headers, which is running. */
  stopHeadersLimit: () => void
  /** The request's body, if it is a stream. */
  replay: RequestReplay | undefined
  /** Whether to wait for the first event, so that another upstream can be asked if there is none. */
  waitsForFirstEvent: boolean
  maxEventBytes: number
}

/** Sends one request to one upstream, and waits for the response headers or the first event. Never rejects. */
export async function attempt(options: AttemptOptions): Promise<AttemptResult> {
  const { call, target, requestedAt, aborter, replay, stopHeadersLimit } = options
  const { firstEventMs, totalMs } = target.timeouts
  let wasSent = false
  let status: number | undefined
  let headersMs: number | undefined
  try {
    const { url, headers } = call.head(target)
    // A limit may be overdue already, or the client gone.
    aborter.throwIfAborted()
    wasSent = true
    const body = replay?.stream() ?? call.body
    const { method } = call
    const received = await target.transport.send({ url, method, headers, body, aborter })
    stopHeadersLimit()
    status = received.status
    const headersAt = performance.now()
    headersMs = headersAt - requestedAt
    const response = checked(received, target, headersMs, aborter)
    if (!options.waitsForFirstEvent || status < 200 || status > 299 || response.body === null) {
      return { response, wasSent, status, headersMs }
    }
    const peeked = await peekFirstEvent(
      response.body,
      { isSse: response.isSse, maxBytes: options.maxEventBytes },
      aborter,
      new PhaseLimit('first_event', firstEventMs, headersAt, { requestedAt, totalMs }),
    )
    return { response: { ...response, body: peeked }, wasSent, status, headersMs }
  } catch (cause) {
    stopHeadersLimit()
    // Not a failure of the upstream.
    const isUpload = status === undefined && replay?.failure !== undefined
    const error = isUpload
      ? new SseKitError('SSE_BAD_REQUEST', 'The body of the request broke', { cause })
      : cause
    return { error, wasSent, status, headersMs }
  }
}

function checked(
  received: TransportResponse,
  target: UpstreamTarget,
  headersMs: number,
  aborter: Aborter,
): UpstreamResponse {
  const { status, statusText, headers, body } = received
  if (aborter.aborted || status < 200 || status > 599) {
    // An unread body keeps its socket.
    body?.cancel(aborter.reason).catch(() => {})
    aborter.throwIfAborted()
    throw new SseKitError(
      'SSE_UPSTREAM_STATUS',
      `The upstream's status must be from 200 to 599: got ${status}`,
    )
  }
  const isSse = body !== null && isEventStream(headers)
  return { status, statusText, headers, body, target, isSse, headersMs, firstEvent: undefined }
}
