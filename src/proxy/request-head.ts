import { SseKitError } from '../base/sse-kit-error.ts'
import { setForwardedHeaders } from '../http/forwarded-headers.ts'
import { requestHeaders } from '../http/request-headers.ts'
import { requestUrl } from '../http/request-url.ts'
import type { UpstreamTarget } from '../upstream/upstream-target.ts'
import type { Exchange } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'

/**
 * Returns the URL and the headers of a request for one upstream.
 *
 * @throws {@link SseKitError} with `SSE_BAD_REQUEST` for a request that cannot be forwarded
 */
export function requestHead(
  { client, outgoing }: Exchange,
  { base, headers: ofTarget }: UpstreamTarget,
  { forwardCredentials, forwarded }: ProxySettings,
): { url: URL; headers: Headers } {
  const own = [outgoing.headers, ofTarget]
  const url = requestUrl(base, outgoing.url)
  const headers = requestHeaders(client.headers, own, forwardCredentials)
  if (url === undefined || headers === undefined) {
    throw new SseKitError('SSE_BAD_REQUEST', 'The request cannot be forwarded')
  }
  if (forwarded !== undefined) setForwardedHeaders(headers, client, forwarded, own)
  return { url, headers }
}
