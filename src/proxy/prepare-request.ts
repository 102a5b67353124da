import type { ClientBody } from '../base/client-request.ts'
import { acceptsEventStream } from '../http/media-type.ts'
import { askForUsage } from './ask-for-usage.ts'
import type { Exchange } from './exchange.ts'
import { guessDialect } from './guess-dialect.ts'
import type { ProxySettings } from './proxy-settings.ts'
import { readRequestJson } from './request-json.ts'

/** A request body, and what is known of what the client wants. */
export interface PreparedRequest {
  body: ClientBody
  /** Whether the client wants an event stream. */
  wantsEvents: boolean
  /** Whether usage was asked for that the client has not asked for. */
  hidesUsage: boolean
}

/**
 * Looks into a request for the options `includeUsage` and `heartbeat.commitAfterMs`, and asks for usage in its name.
 *
 * @throws SseKitError with `SSE_BAD_REQUEST` for a body that breaks or does not arrive
 */
export async function prepareRequest(
  exchange: Exchange,
  { includeUsage, dialects, replayBodyBytes, timeouts }: ProxySettings,
): Promise<PreparedRequest> {
  const { client, outgoing } = exchange
  const { pathname } = outgoing.url
  const { name, format } = guessDialect(pathname, dialects)
  const read = await readRequestJson(exchange, {
    maxBytes: replayBodyBytes,
    limitMs: timeouts.headersMs,
  })
  const { stream } = (read.json ?? {}) as { stream?: unknown }
  const accept = client.headers.get('accept')
  const isStreamed = stream === true && format !== 'ndjson'
  const wantsEvents =
    isStreamed || (accept !== null && acceptsEventStream(accept)) || name === 'gemini'
  const isAsked = includeUsage && name === 'openai-chat' && read.text !== undefined
  const asking = isAsked ? askForUsage(read.text ?? '', read.json) : undefined
  return asking === undefined
    ? { body: read.body, wantsEvents, hidesUsage: false }
    : { body: new TextEncoder().encode(asking), wantsEvents, hidesUsage: true }
}
