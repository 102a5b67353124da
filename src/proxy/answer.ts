import type { CircuitOpenError } from '../base/circuit-open-error.ts'
import type { SseKitErrorCode } from '../base/sse-kit-error.ts'
import type { Reached } from './attempt.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import { hasLoop } from './forwarded-headers.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { reachUpstream } from './reach-upstream.ts'
import { relayBody } from './relay-body.ts'
import { responseHeaders } from './response-headers.ts'
import type { TargetsFor } from './upstream-targets.ts'
import { verdictOf } from './verdict-of.ts'

// RFC 9112, 4: `reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )`; a `Response` throws at anything else.
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Asks the upstream and makes its answer the client's. Never rejects: a failure is an answer too. */
export async function answer(
  exchange: Exchange,
  targetsFor: TargetsFor,
  settings: ProxySettings,
): Promise<Response> {
  const { request } = exchange
  try {
    const via = settings.forwarded?.via
    if (via !== undefined && hasLoop(request, via)) {
      return refuse(exchange, 508, 'SSE_LOOP', 'The request has come through here before')
    }
    const targets = targetsFor(request)
    if (targets === undefined) {
      return refuse(exchange, 400, 'SSE_BAD_REQUEST', 'The upstream for the request is not allowed')
    }
    return passOn(exchange, await reachUpstream(exchange, targets, settings), settings)
  } catch (error) {
    return fail(exchange, error)
  }
}

function passOn(exchange: Exchange, reached: Reached, settings: ProxySettings): Response {
  const { response, body, isSse, target } = reached
  const { status } = response
  // Others may have been asked since.
  exchange.upstream = target.index
  exchange.upstreamStatus = status
  exchange.headersMs = reached.headersMs
  const statusText = REASON_PHRASE.test(response.statusText) ? response.statusText : ''
  exchange.status = status
  exchange.isSse = isSse
  const headers = responseHeaders(response.headers, {
    isSse,
    hasBody: body !== undefined,
    forwardSetCookie: settings.forwardSetCookie,
  })
  if (body === undefined) {
    reached.onFirstEvent()
    exchange.end('complete')
    return new Response(null, { status, statusText, headers })
  }
  const relayed = relayBody(body, exchange, settings, target.timeouts, reached.onFirstEvent)
  return new Response(relayed, { status, statusText, headers })
}

/** What a request is told that comes while the proxy shuts down: another server is the place for it. */
export function refuseDraining(exchange: Exchange): Response {
  return refuse(exchange, 503, 'SSE_DRAINING', 'The server is shutting down', {
    'retry-after': '5',
    connection: 'close',
  })
}

function refuse(
  exchange: Exchange,
  status: number,
  code: SseKitErrorCode,
  message: string,
  headers?: Record<string, string>,
): Response {
  exchange.status = status
  exchange.end('error', { code })
  return errorResponse(status, code, message, headers)
}

function fail(exchange: Exchange, error: unknown): Response {
  if (exchange.isClientGone) {
    // Nobody reads it; the number is the one that access logs use.
    exchange.status = 499
    exchange.end('client_gone', error)
    return new Response(null, { status: 499 })
  }
  const response = failure(error)
  exchange.status = response.status
  exchange.end(verdictOf(error), error)
  return response
}

function failure(error: unknown): Response {
  const { code } = (error ?? {}) as { code?: string }
  switch (code) {
    case 'SSE_UPSTREAM_TIMEOUT':
      return errorResponse(504, code, 'The upstream took too long')
    case 'SSE_DRAINING':
      return errorResponse(503, code, 'The server is shutting down')
    case 'SSE_BAD_REQUEST':
      return errorResponse(400, code, 'The request cannot be passed on as it is')
    case 'SSE_CIRCUIT_OPEN':
      return errorResponse(503, code, 'The upstream fails too often', {
        'retry-after': String(Math.ceil((error as CircuitOpenError).retryAfterMs / 1000)),
      })
    case 'SSE_UPSTREAM_STATUS':
      return errorResponse(502, code, 'The answer of the upstream has no valid status')
    default:
      return errorResponse(502, 'SSE_UPSTREAM_NETWORK', 'The upstream could not be reached')
  }
}
