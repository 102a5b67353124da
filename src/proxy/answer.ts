import type { CircuitOpenError } from '../base/circuit-open-error.ts'
import { OUTCOMES } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { hasLoop } from '../http/forwarded-headers.ts'
import { responseHeaders } from '../http/response-headers.ts'
import { dependableCall } from '../upstream/dependable-call.ts'
import type { UpstreamAnswer } from '../upstream/upstream-call.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import { outgoingRequest } from './outgoing-request.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { relayAnswer } from './relay-answer.ts'
import { requestHead } from './request-head.ts'
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
  const { request, context } = exchange
  try {
    const via = settings.forwarded?.via
    if (via !== undefined && hasLoop(request, via)) {
      throw new SseKitError('SSE_LOOP', 'The request has come through here before')
    }
    const targets = targetsFor(request)
    if (targets === undefined) {
      throw new SseKitError(
        'SSE_BAD_REQUEST',
        'The upstream that was picked for the request is not in allowedUpstreams',
      )
    }
    if (settings.pathFor !== undefined || settings.headersFor !== undefined) {
      exchange.outgoing = await outgoingRequest(exchange, settings)
    }
    const { method, body } = request
    const head = (target: UpstreamAnswer['target']) => requestHead(exchange, target, settings)
    const result = await dependableCall({ method, body, head }, targets, settings, context)
    exchange.trace = result.trace
    if (result.answer === undefined) throw result.error
    return passOn(exchange, result.answer, settings)
  } catch (error) {
    return fail(exchange, error)
  }
}

function passOn(exchange: Exchange, answer: UpstreamAnswer, settings: ProxySettings): Response {
  const { status, isSse, body, target } = answer
  const statusText = REASON_PHRASE.test(answer.statusText) ? answer.statusText : ''
  if (status === 401) warnOfDroppedKey(exchange, target, settings)
  exchange.status = status
  exchange.isSse = isSse
  const { forwardSetCookie } = settings
  const headers = responseHeaders(answer.headers, { isSse, forwardSetCookie })
  if (body === null) {
    answer.firstEvent?.came()
    exchange.end(exchange.decide({ ending: 'complete' }))
    return new Response(null, { status, statusText, headers })
  }
  const relayed = relayAnswer(body, answer, exchange, settings)
  return new Response(relayed, { status, statusText, headers })
}

/** What a request is told that comes while the proxy shuts down: another server is the place for it. */
export function refuseDraining(exchange: Exchange): Response {
  return fail(exchange, new SseKitError('SSE_DRAINING', 'The server is shutting down'), {
    'retry-after': '5',
    connection: 'close',
  })
}

function fail(exchange: Exchange, reason: unknown, headers: Record<string, string> = {}): Response {
  const decision = exchange.decide({ ending: 'error', reason })
  const { verdict, code = 'SSE_INTERNAL' } = decision
  const { status } = OUTCOMES[code]
  exchange.status = status
  exchange.end(decision)
  // Nobody reads the response to a client that has left.
  if (verdict === 'client_gone') return new Response(null, { status })
  const { retryAfterMs } = (decision.error ?? {}) as Partial<CircuitOpenError>
  return errorResponse(code, {
    ...headers,
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  })
}
