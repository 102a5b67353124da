import { startDeadline } from '../base/deadline.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import { isEventStream } from '../http/response-headers.ts'
import type { TransportAnswer } from '../transport/transport.ts'
import { peekFirstEvent } from './peek-first-event.ts'
import { type PhaseLimit, phaseLimit } from './phase-limit.ts'
import type { RequestReplay } from './request-replay.ts'
import type { AttemptResult, UpstreamAnswer, UpstreamCall } from './upstream-call.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** What an attempt depends on. */
export interface AttemptOptions {
  call: UpstreamCall
  target: UpstreamTarget
  /** When the request came, on the clock of `performance.now()`. */
  requestedAt: number
  /** Aborts the attempt, and its answer. */
  controller: AbortController
  /** The request's body, where it may be sent again; else the call's own is sent. */
  replay?: RequestReplay | undefined
  /** Whether to wait for the first event, so that another upstream can be asked if there is none. */
  waitsForFirstEvent: boolean
  maxEventBytes: number
}

/** Asks one upstream once, as far as its head or its first event. Never rejects. */
export async function attempt(options: AttemptOptions): Promise<AttemptResult> {
  const { target, requestedAt, controller, waitsForFirstEvent, maxEventBytes } = options
  const { timeouts } = target
  let wasAsked = false
  let status: number | undefined
  let headersMs: number | undefined
  try {
    const { url, headers } = options.call.head(target)
    const limit = phaseLimit('headers', timeouts.headersMs, requestedAt, timeouts)
    // The upstream is not asked in vain.
    if (limit.leftMs <= 0) throw new UpstreamTimeoutError(limit.phase, limit.timeoutMs)
    wasAsked = true
    const received = await send(options, url, headers, limit)
    status = received.status
    headersMs = performance.now() - requestedAt
    const answer = checkedAnswer(received, target, headersMs, controller)
    if (!waitsForFirstEvent || status < 200 || status > 299 || answer.body === null) {
      return { answer, wasAsked, status, headersMs }
    }
    const body = await peekFirstEvent(
      answer.body,
      { isSse: answer.isSse, maxBytes: maxEventBytes },
      controller,
      phaseLimit('firstEvent', timeouts.firstEventMs, requestedAt, timeouts),
    )
    return { answer: { ...answer, body }, wasAsked, status, headersMs }
  } catch (error) {
    return { error, wasAsked, status, headersMs }
  }
}

async function send(
  { call, target, controller, replay }: AttemptOptions,
  url: URL,
  headers: Headers,
  { phase, timeoutMs, leftMs }: PhaseLimit,
): Promise<TransportAnswer> {
  const { signal } = controller
  const timer = startDeadline(leftMs, () =>
    controller.abort(new UpstreamTimeoutError(phase, timeoutMs)),
  )
  try {
    const body = replay === undefined ? call.body : replay.stream()
    return await target.transport.send({ url, method: call.method, headers, body, signal })
  } catch (error) {
    if (replay?.failure === undefined) throw error
    // The upstream is not to blame.
    throw new SseKitError('SSE_BAD_REQUEST', 'The body of the request broke', { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Looks at the head that came. */
function checkedAnswer(
  received: TransportAnswer,
  target: UpstreamTarget,
  headersMs: number,
  { signal }: AbortController,
): UpstreamAnswer {
  const { status, statusText, headers, body } = received
  if (signal.aborted || status < 200 || status > 599) {
    // Nobody will read it, and unread it would keep its socket.
    body?.cancel(signal.reason).catch(() => {})
    signal.throwIfAborted()
    throw new SseKitError(
      'SSE_UPSTREAM_STATUS',
      `The upstream's status must be from 200 to 599: got ${status}`,
    )
  }
  const isSse = body !== null && isEventStream(headers)
  return { status, statusText, headers, body, target, isSse, headersMs, firstEvent: undefined }
}
