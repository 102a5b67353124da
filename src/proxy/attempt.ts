import { SseKitError } from '../base/sse-kit-error.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { type TimeoutPhase, UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import { callUpstream } from '../upstream/call-upstream.ts'
import type { Exchange } from './exchange.ts'
import { setForwardedHeaders } from './forwarded-headers.ts'
import { PeekedBody } from './peeked-body.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { requestHeaders } from './request-headers.ts'
import { requestUrl } from './request-url.ts'
import { isEventStream } from './response-headers.ts'
import type { UpstreamTarget } from './upstream-target.ts'

/** An upstream's answer, at least as far as its headers. */
export interface Reached {
  target: UpstreamTarget
  response: Response
  isSse: boolean
  /** The body, or what stands for it when its beginning was read; `undefined` for an answer without one. */
  body: ReadableStream<Uint8Array> | PeekedBody | undefined
  /** To be called when the first event has come, or when it is known that there will be none. */
  onFirstEvent: (error?: unknown) => void
}

/** One attempt: what is asked, and with what body. */
export interface AttemptOptions {
  target: UpstreamTarget
  body: ReadableStream<Uint8Array> | null
  /** Whether to wait for the first event, so that another upstream can be asked if there is none. */
  waitsForFirstEvent: boolean
}

/** Statuses whose answers have no body: a `Response` that is given one throws. */
const BODILESS = new Set([204, 205, 304])

/**
 * Asks one upstream once, inside of its policy, which hears of the outcome when the first event has come.
 *
 * @throws {@link SseKitError} of any kind that keeps the answer from coming
 */
export function attempt(
  exchange: Exchange,
  settings: ProxySettings,
  options: AttemptOptions,
): Promise<Reached> {
  const { policy } = options.target
  if (policy === undefined) return reach(exchange, settings, options)
  return new Promise((resolve, reject) => {
    let isCalled = false
    const run = policy.execute(async () => {
      // A policy that tries again has no say here: what was asked once has been given on.
      if (isCalled) throw new SseKitError('SSE_UPSTREAM_NETWORK', 'The call is not made again')
      isCalled = true
      const reached = await reach(exchange, settings, options)
      const firstEvent = new Promise<void>((onEvent, onError) => {
        reached.onFirstEvent = (error) => (error === undefined ? onEvent() : onError(error))
      })
      resolve(reached)
      if (settings.isFailure(reached.response.status)) {
        firstEvent.catch(() => {})
        throw new SseKitError('SSE_UPSTREAM_STATUS', 'The upstream answered with an error')
      }
      await firstEvent
    })
    // After the answer has been given on, this is for the policy only.
    run.catch(reject)
  })
}

async function reach(
  exchange: Exchange,
  settings: ProxySettings,
  { target, body, waitsForFirstEvent }: AttemptOptions,
): Promise<Reached> {
  const { request } = exchange
  const { connectMs, headersMs, firstEventMs } = target.timeouts
  const url = requestUrl(target.base, request.url)
  const headers = requestHeaders(request.headers, target.headers, settings.forwardCredentials)
  if (url === undefined || headers === undefined) {
    throw new SseKitError('SSE_BAD_REQUEST', 'The request cannot be passed on as it is')
  }
  if (settings.forwarded) setForwardedHeaders(headers, request, settings.forwarded)
  const controller = exchange.newAttempt()
  const response = await callUpstream({
    url: url.href,
    method: request.method,
    headers,
    body,
    controller,
    fetch: target.fetch,
    connectMs,
    limit: nearer(exchange, target, 'headers', headersMs),
  })
  const { status } = response
  exchange.headersMs = performance.now() - exchange.requestedAt
  exchange.upstreamStatus = status
  if (controller.signal.aborted || status < 200 || status > 599) {
    // Nobody will read it, and unread it would keep its socket.
    response.body?.cancel().catch(() => {})
    controller.signal.throwIfAborted()
    throw new SseKitError(
      'SSE_UPSTREAM_STATUS',
      `Cannot pass on the answer as its status must be from 200 to 599: current value is ${status}`,
    )
  }
  const hasBody = response.body !== null && request.method !== 'HEAD' && !BODILESS.has(status)
  // Nothing comes, but a body that nobody reads would keep its socket from the next request.
  if (!hasBody) response.body?.cancel().catch(() => {})
  const isSse = hasBody && isEventStream(response.headers)
  const reached: Reached = {
    target,
    response,
    isSse,
    body: hasBody ? (response.body as ReadableStream<Uint8Array>) : undefined,
    onFirstEvent: () => {},
  }
  if (!waitsForFirstEvent || !response.ok || !hasBody) return reached
  const peeked = new PeekedBody(response.body as ReadableStream<Uint8Array>)
  const limit = nearer(exchange, target, 'firstEvent', firstEventMs)
  await peekInTime(peeked, isSse, settings.maxEventBytes, controller, limit)
  return { ...reached, body: peeked }
}

type Limit = { phase: TimeoutPhase; timeoutMs: number; leftMs: number }

/** The limit of a phase, or that of the whole, whichever comes first. */
function nearer(
  exchange: Exchange,
  { timeouts: { totalMs } }: UpstreamTarget,
  phase: TimeoutPhase,
  timeoutMs: number,
): Limit {
  const totalLeftMs = exchange.requestedAt + totalMs - performance.now()
  return totalLeftMs < timeoutMs
    ? { phase: 'total', timeoutMs: totalMs, leftMs: totalLeftMs }
    : { phase, timeoutMs, leftMs: timeoutMs }
}

async function peekInTime(
  peeked: PeekedBody,
  isSse: boolean,
  maxBytes: number,
  controller: AbortController,
  { phase, timeoutMs, leftMs }: Limit,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  if (leftMs !== Infinity) {
    timer = setTimeout(
      () => controller.abort(new UpstreamTimeoutError(phase, timeoutMs)),
      Math.min(Math.max(leftMs, 0), 2 ** 31 - 1),
    )
  }
  try {
    const hasEvent = await peeked.peek(isSse, maxBytes)
    if (!hasEvent && isSse) {
      throw new UpstreamNetworkError(new Error('The stream ended before its first event'))
    }
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason
    throw error instanceof SseKitError ? error : new UpstreamNetworkError(error)
  } finally {
    clearTimeout(timer)
  }
}
