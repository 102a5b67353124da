import type { CircuitOpenError } from '../base/circuit-open-error.ts'
import type { ClientResponse } from '../base/client-request.ts'
import { startDeadline } from '../base/deadline.ts'
import { OUTCOMES } from '../base/outcomes.ts'
import { SseKitError } from '../base/sse-kit-error.ts'
import { hasLoop } from '../http/forwarded-headers.ts'
import { responseHeaders } from '../http/response-headers.ts'
import { dependableCall } from '../upstream/dependable-call.ts'
import type { CallResult, UpstreamResponse } from '../upstream/upstream-call.ts'
import { commitResponse } from './commit-response.ts'
import { errorResponse } from './error-response.ts'
import type { Exchange } from './exchange.ts'
import { outgoingRequest } from './outgoing-request.ts'
import { prepareRequest } from './prepare-request.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { relayResponse } from './relay-response.ts'
import { requestHead } from './request-head.ts'
import type { TargetsFor } from './upstream-targets.ts'
import { warnOfDroppedKey } from './warn-of-dropped-key.ts'

// RFC 9112, 4: `reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )`; a `Response` throws at anything else.
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Sends a request to the upstreams and returns the response for the client. Never rejects: a failure becomes a response. */
export async function respond(
  exchange: Exchange,
  targetsFor: TargetsFor,
  settings: ProxySettings,
): Promise<ClientResponse> {
  const { client, context } = exchange
  try {
    const via = settings.forwarded?.via
    if (via !== undefined && hasLoop(client, via)) {
      throw new SseKitError('SSE_LOOP', 'The request has already passed through this proxy')
    }
    const targets = targetsFor(client)
    if (targets === undefined) {
      throw new SseKitError(
        'SSE_BAD_REQUEST',
        'The upstream that was picked for the request is not in allowedUpstreams',
      )
    }
    exchange.targets = targets
    if (settings.pathFor !== undefined || settings.headersFor !== undefined) {
      exchange.outgoing = await outgoingRequest(exchange, settings)
    }
    const { method } = client
    const { includeUsage, commitAfterMs } = settings
    const isPrepared = includeUsage || commitAfterMs < Infinity
    const { body, wantsEvents, hidesUsage } = isPrepared
      ? await prepareRequest(exchange, settings)
      : { body: client.takeBody(), wantsEvents: false, hidesUsage: false }
    exchange.hidesUsage = hidesUsage
    const head = (target: UpstreamResponse['target']) => requestHead(exchange, target, settings)
    const called = dependableCall({ method, body, head }, targets, settings, context)
    const result = wantsEvents ? await within(commitAfterMs, called) : await called
    const [first] = targets
    if (result === undefined && first !== undefined) {
      return commitResponse(called, first, exchange, settings)
    }
    if (result === undefined) throw new Error('There is no upstream')
    exchange.trace = result.trace
    if (result.response === undefined) throw result.error
    return passOn(exchange, result.response, settings)
  } catch (error) {
    return fail(exchange, error)
  }
}

/** What a call comes to, or `undefined` if that takes longer than a number of milliseconds. */
async function within(
  limitMs: number,
  called: Promise<CallResult>,
): Promise<CallResult | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = startDeadline(limitMs, () => resolve(undefined))
  })
  const result = await Promise.race([called, late])
  clearTimeout(timer)
  return result
}

function passOn(
  exchange: Exchange,
  response: UpstreamResponse,
  settings: ProxySettings,
): ClientResponse {
  const { status, isSse, body, target, firstEvent } = response
  const statusText = REASON_PHRASE.test(response.statusText) ? response.statusText : ''
  if (status === 401) warnOfDroppedKey(exchange, target, settings)
  exchange.status = status
  exchange.isSse = isSse
  const { forwardSetCookie } = settings
  const headers = responseHeaders(response.headers, { isSse, forwardSetCookie })
  if (body === null) {
    firstEvent?.came()
    exchange.end(exchange.decide({ ending: 'complete' }))
    return { status, statusText, headers, body: null }
  }
  try {
    const relayed = relayResponse(body, response, exchange, settings)
    return { status, statusText, headers, body: relayed }
  } catch (error) {
    // A body that cannot be read: a policy must not wait for its first event.
    firstEvent?.failed(error)
    exchange.context.abort(error)
    throw error
  }
}

/** Responds to a request that arrives while the proxy shuts down, so that the client turns to another server. */
export function refuseDraining(exchange: Exchange): ClientResponse {
  return fail(exchange, new SseKitError('SSE_DRAINING', 'The server is shutting down'), {
    'retry-after': '5',
    connection: 'close',
  })
}

function fail(
  exchange: Exchange,
  reason: unknown,
  headers: Record<string, string> = {},
): ClientResponse {
  const decision = exchange.decide({ ending: 'error', reason })
  const { verdict, code = 'SSE_INTERNAL' } = decision
  const { status } = OUTCOMES[code]
  exchange.status = status
  exchange.end(decision)
  // The client has left, so the response is not read.
  if (verdict === 'client_gone')
    return { status, statusText: '', headers: new Headers(), body: null }
  const { retryAfterMs } = (decision.error ?? {}) as Partial<CircuitOpenError>
  return errorResponse(code, {
    ...headers,
    ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
  })
}
