import type { CircuitOpenError } from '../base/circuit-open-error.ts'
import { OUTCOMES, outcomeOf, toSseKitError } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { hasLoop } from '../http/forwarded-headers.ts'
import { responseHeaders } from '../http/response-headers.ts'
import type { Reached } from './attempt.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import { outgoingRequest } from './outgoing-request.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { reachUpstream } from './reach-upstream.ts'
import { relayBody } from './relay-body.ts'
import type { TargetsFor } from './upstream-targets.ts'
import { warnOfDroppedKey } from './warn-of-dropped-key.ts'

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
      return refuse(
        exchange,
        new SseKitError('SSE_LOOP', 'The request has come through here before'),
      )
    }
    const targets = targetsFor(request)
    if (targets === undefined) {
      return refuse(
        exchange,
        new SseKitError(
          'SSE_BAD_REQUEST',
          'The upstream that was picked for the request is not in allowedUpstreams',
        ),
      )
    }
    if (settings.pathFor !== undefined || settings.headersFor !== undefined) {
      exchange.outgoing = await outgoingRequest(exchange, settings)
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
  if (status === 401) warnOfDroppedKey(exchange, target, settings)
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
  return refuse(exchange, new SseKitError('SSE_DRAINING', 'The server is shutting down'), {
    'retry-after': '5',
    connection: 'close',
  })
}

/** Refuses a request on this side, before an upstream is asked. */
function refuse(
  exchange: Exchange,
  error: SseKitError,
  headers?: Record<string, string>,
): Response {
  const { status, verdict } = outcomeOf(error)
  exchange.status = status
  exchange.end(verdict, error)
  return errorResponse(error.code, headers)
}

function fail(exchange: Exchange, thrown: unknown): Response {
  const error = toSseKitError(thrown)
  const { code } = exchange.isClientGone ? { code: 'SSE_CLIENT_GONE' as const } : error
  const { status, verdict } = OUTCOMES[code]
  exchange.status = status
  exchange.end(verdict, error)
  // Nobody reads the response to a client that has left.
  if (verdict === 'client_gone') return new Response(null, { status })
  const { retryAfterMs } = error as Partial<CircuitOpenError>
  return errorResponse(
    code,
    retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
  )
}
