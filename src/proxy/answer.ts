import { SseKitError } from '../base/sse-kit-error.ts'
import { callUpstream } from '../upstream/call-upstream.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { relayBody } from './relay-body.ts'
import { requestHeaders } from './request-headers.ts'
import { requestUrl } from './request-url.ts'
import { isEventStream, responseHeaders } from './response-headers.ts'
import type { UpstreamTarget } from './upstream-target.ts'
import { verdictOf } from './verdict-of.ts'

/** Statuses whose answers have no body: a `Response` that is given one throws. */
const BODILESS = new Set([204, 205, 304])

// RFC 9112, 4: `reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )`; a `Response` throws at anything else.
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Asks the upstream and makes its answer the client's. Never rejects: a failure is an answer too. */
export async function answer(
  exchange: Exchange,
  target: UpstreamTarget,
  settings: ProxySettings,
): Promise<Response> {
  const { request } = exchange
  const url = requestUrl(target.base, request.url)
  if (url === undefined) return refuse(exchange, 'The path of the request is not allowed')
  const headers = requestHeaders(request.headers, target.headers, settings.forwardCredentials)
  if (headers === undefined) return refuse(exchange, 'The Connection header is not allowed')
  try {
    const upstream = await callUpstream({
      url: url.href,
      method: request.method,
      headers,
      body: request.body,
      controller: exchange.controller,
      fetch: target.fetch,
      connectMs: target.timeouts.connectMs,
      headersMs: target.timeouts.headersMs,
      totalMs: target.timeouts.totalMs,
    })
    return passOn(exchange, upstream, target, settings)
  } catch (error) {
    return fail(exchange, error)
  }
}

function passOn(
  exchange: Exchange,
  upstream: Response,
  target: UpstreamTarget,
  settings: ProxySettings,
): Response {
  exchange.headersMs = performance.now() - exchange.requestedAt
  exchange.upstreamStatus = exchange.status = upstream.status
  const { body, status } = upstream
  const { signal } = exchange.controller
  if (signal.aborted || status < 200 || status > 599) {
    // Nobody will read it, and unread it would keep its socket.
    body?.cancel().catch(() => {})
    signal.throwIfAborted()
    throw new SseKitError(
      'SSE_UPSTREAM_STATUS',
      `Cannot pass on the answer as its status must be from 200 to 599: current value is ${status}`,
    )
  }
  const statusText = REASON_PHRASE.test(upstream.statusText) ? upstream.statusText : ''
  const hasBody = body !== null && exchange.request.method !== 'HEAD' && !BODILESS.has(status)
  exchange.isSse = hasBody && isEventStream(upstream.headers)
  const headers = responseHeaders(upstream.headers, {
    isSse: exchange.isSse,
    hasBody,
    forwardSetCookie: settings.forwardSetCookie,
  })
  if (hasBody) {
    const relayed = relayBody(body, exchange, settings, target.timeouts)
    return new Response(relayed, { status, statusText, headers })
  }
  // Nothing comes, but an unread body would keep its socket from the next request.
  body?.cancel().catch(() => {})
  exchange.end('complete')
  return new Response(null, { status, statusText, headers })
}

function refuse(exchange: Exchange, message: string): Response {
  exchange.status = 400
  exchange.end('error', { code: 'SSE_BAD_REQUEST' })
  return errorResponse(400, 'SSE_BAD_REQUEST', message)
}

function fail(exchange: Exchange, error: unknown): Response {
  if (exchange.isClientGone) {
    // Nobody reads it; the number is the one that access logs use.
    exchange.status = 499
    exchange.end('client_gone', error)
    return new Response(null, { status: 499 })
  }
  const verdict = verdictOf(error)
  const response =
    verdict === 'timeout'
      ? errorResponse(504, 'SSE_UPSTREAM_TIMEOUT', 'The upstream took too long')
      : verdict === 'error'
        ? errorResponse(503, 'SSE_DRAINING', 'The server is shutting down')
        : error instanceof SseKitError && error.code === 'SSE_UPSTREAM_STATUS'
          ? errorResponse(
              502,
              'SSE_UPSTREAM_STATUS',
              'The answer of the upstream has no valid status',
            )
          : errorResponse(502, 'SSE_UPSTREAM_NETWORK', 'The upstream could not be reached')
  exchange.status = response.status
  exchange.end(verdict, error)
  return response
}
