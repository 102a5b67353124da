import type { ClientResponse } from '../base/client-request.ts'

/** Makes the `Response` for a fetch-style host. */
export function toResponse({ status, statusText, headers, body }: ClientResponse): Response {
  return new Response(body as ReadableStream<Uint8Array> | null, { status, statusText, headers })
}
