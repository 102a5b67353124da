import { OUTCOMES } from '../base/outcomes.ts'
import type { SseKitErrorCode } from '../base/sse-kit-error.ts'

/**
 * Returns the response for a failure before the response head: a status and a JSON error in the shape that LLM clients
 * read, with the stable code and no details of the upstream.
 */
export function errorResponse(
  code: SseKitErrorCode,
  headers: Record<string, string> = {},
): Response {
  const { status, publicText: message, isUpstreamFault } = OUTCOMES[code]
  const ours = status < 500 ? 'invalid_request_error' : 'server_error'
  const type = isUpstreamFault ? 'upstream_error' : ours
  return new Response(JSON.stringify({ error: { message, type, code } }), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}
