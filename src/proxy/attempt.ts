import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { setForwardedHeaders } from '../http/forwarded-headers.ts'
import { requestHeaders } from '../http/request-headers.ts'
import { requestUrl } from '../http/request-url.ts'
import { isEventStream } from '../http/response-headers.ts'
import { callUpstream } from '../upstream/call-upstream.ts'
import { DirectBody } from '../upstream/direct-body.ts'
import type { Exchange } from './exchange.ts'
import { peekInTime } from './peek-in-time.ts'
import { type AnswerBody, PeekedBody } from './peeked-body.ts'
import { type PhaseLimit, phaseLimit } from './phase-limit.ts'
import type { ProxySettings } from './proxy-settings.ts'
import type { ReplayBody } from './replay-body.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** An upstream's answer, at least as far as its headers. */
export interface Reached {
  target: UpstreamTarget
  response: Response
  isSse: boolean
  /** The body, or what stands for it when its beginning was read; `undefined` for an answer without one. */
  body: AnswerBody | undefined
  /** From the request to the headers. */
  headersMs: number
  /** To be called when the first event has come, or when it is known that there will be none. */
  onFirstEvent: (error?: unknown) => void
}

/** One attempt: who is asked, and with what body. */
export interface AttemptOptions {
  target: UpstreamTarget
  /** The request's body, where it may be sent again or has to be watched; else the request's own is sent. */
  replay?: ReplayBody | undefined
  /** Whether to wait for the first event, so that another upstream can be asked if there is none. */
  waitsForFirstEvent: boolean
}

/**
 * Asks one upstream once, as far as its headers or its first event.
 *
 * @throws {@link SseKitError} of any kind that keeps the answer from coming
 */
export async function attempt(
  exchange: Exchange,
  settings: ProxySettings,
  { target, replay, waitsForFirstEvent }: AttemptOptions,
  controller: AbortController,
): Promise<Reached> {
  const { request } = exchange
  const { connectMs, headersMs, firstEventMs } = target.timeouts
  exchange.upstreamStatus = undefined
  exchange.headersMs = undefined
  const own = [exchange.outgoing.headers, target.headers]
  const url = requestUrl(target.base, exchange.outgoing.url)
  const headers = requestHeaders(request.headers, own, settings.forwardCredentials)
  if (url === undefined || headers === undefined) {
    throw new SseKitError('SSE_BAD_REQUEST', 'The request cannot be passed on as it is')
  }
  if (settings.forwarded) {
    setForwardedHeaders(headers, request, settings.forwarded, own)
  }
  const limit = leftOf(phaseLimit('headers', headersMs, exchange.requestedAt, target.timeouts))
  exchange.attempts++
  const response = await callUpstream({
    url: url.href,
    method: request.method,
    headers,
    body: replay === undefined ? request.body : replay.stream(),
    controller,
    fetch: target.fetch,
    connectMs,
    limit,
  }).catch((error: unknown) => {
    if (replay?.failure === undefined) throw error
    // The upstream is not to blame.
    throw new SseKitError('SSE_BAD_REQUEST', 'The body of the request broke', { cause: error })
  })
  const reached = received(exchange, target, response, controller)
  if (!waitsForFirstEvent || !response.ok || reached.body === undefined) return reached
  const peeked = new PeekedBody(reached.body)
  await peekInTime(
    peeked,
    reached.isSse,
    settings.maxEventBytes,
    controller,
    phaseLimit('firstEvent', firstEventMs, exchange.requestedAt, target.timeouts),
  )
  reached.body = peeked
  return reached
}

/** @throws {@link UpstreamTimeoutError} where no time is left: the upstream is not asked in vain */
function leftOf(limit: PhaseLimit): PhaseLimit {
  if (limit.leftMs <= 0) throw new UpstreamTimeoutError(limit.phase, limit.timeoutMs)
  return limit
}

/** Looks at the headers that came. */
function received(
  exchange: Exchange,
  target: UpstreamTarget,
  response: Response,
  controller: AbortController,
): Reached {
  const { status } = response
  const body = DirectBody.of(response)
  const headersMs = performance.now() - exchange.requestedAt
  exchange.headersMs = headersMs
  exchange.upstreamStatus = status
  if (controller.signal.aborted || status < 200 || status > 599) {
    // Nobody will read it, and unread it would keep its socket.
    body?.cancel().catch(() => {})
    controller.signal.throwIfAborted()
    throw new SseKitError(
      'SSE_UPSTREAM_STATUS',
      `Cannot pass on the answer as its status must be from 200 to 599: current value is ${status}`,
    )
  }
  const hasBody = body !== null && exchange.request.method !== 'HEAD' && !isBodilessStatus(status)
  // Nothing comes, but a body that nobody reads would keep its socket from the next request.
  if (!hasBody) body?.cancel().catch(() => {})
  return {
    target,
    response,
    isSse: hasBody && isEventStream(response.headers),
    body: hasBody ? body : undefined,
    headersMs,
    onFirstEvent: () => {},
  }
}
