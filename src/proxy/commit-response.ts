import type { ByteSource } from '../base/byte-source.ts'
import type { ClientResponse } from '../base/client-request.ts'
import { EVENT_STREAM_HEADERS } from '../http/event-stream-headers.ts'
import { BufferedResponse } from '../upstream/buffered-response.ts'
import { FirstEvent } from '../upstream/first-event.ts'
import { retryAfterMs } from '../upstream/retry-delay.ts'
import type { CallResult, UpstreamResponse } from '../upstream/upstream-call.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import type { Exchange } from './exchange.ts'
import { LateResponseError } from './late-response-error.ts'
import { PendingBody } from './pending-body.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { relayResponse } from './relay-response.ts'

/**
 * Returns a 200 with heartbeats before the upstream has answered. What the upstream answers follows in the same body;
 * an error of any kind, with its status, becomes an error frame, after which the connection breaks.
 *
 * Cancel: a client that leaves aborts the call.
 */
export function commitResponse(
  called: Promise<CallResult>,
  target: UpstreamTarget,
  exchange: Exchange,
  settings: ProxySettings,
): ClientResponse {
  exchange.status = 200
  exchange.isSse = true
  const firstEvent = new FirstEvent()
  // Nobody waits for it if the upstream does not respond.
  firstEvent.seen.catch(() => {})
  const headers = new Headers(EVENT_STREAM_HEADERS)
  const arrived = arrival(called, firstEvent, exchange)
  // Whoever reads the body learns of it.
  arrived.catch(() => {})
  const response: UpstreamResponse = {
    status: 200,
    statusText: '',
    headers,
    body: null,
    isSse: true,
    headersMs: 0,
    target,
    firstEvent,
  }
  const settled = called.then(() => {})
  const body = relayResponse(new PendingBody(arrived), response, exchange, settings, settled)
  return { status: 200, statusText: '', headers, body }
}

async function arrival(
  called: Promise<CallResult>,
  firstEvent: FirstEvent,
  exchange: Exchange,
): Promise<ByteSource> {
  const { response, trace, ...failure } = await called
  exchange.trace = trace
  if (response === undefined) throw (failure as { error: unknown }).error
  if (
    response.isSse &&
    response.status >= 200 &&
    response.status <= 299 &&
    response.body !== null
  ) {
    firstEvent.seen.then(
      () => response.firstEvent?.came(),
      (error) => response.firstEvent?.failed(error),
    )
    return response.body
  }
  response.firstEvent?.came()
  throw await lateError(response)
}

async function lateError(response: UpstreamResponse): Promise<LateResponseError> {
  const { status, headers } = response
  const body = (await new BufferedResponse(response).take())?.body ?? null
  const text = body === null ? '' : await new Response(body as ReadableStream<Uint8Array>).text()
  const message = messageIn(text) ?? `The upstream answered with status ${status}`
  const waitMs = retryAfterMs(headers)
  return new LateResponseError(
    status,
    message,
    waitMs === undefined ? undefined : Math.ceil(waitMs / 1000),
  )
}

/** The message of an error in JSON, in any of the forms that LLM APIs have. */
function messageIn(text: string): string | undefined {
  try {
    const json = JSON.parse(text)
    const { error = json } = (Array.isArray(json) ? json[0] : json) ?? {}
    const message: unknown = typeof error === 'string' ? error : error?.message
    return typeof message === 'string' && message !== '' ? message : undefined
  } catch {
    return
  }
}
