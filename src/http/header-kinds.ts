import { CONNECTION_HEADERS } from './connection-headers.ts'

/** Hop-by-hop headers. https://www.rfc-editor.org/rfc/rfc9110.html#section-7.6.1 */
export const HOP_BY_HOP: readonly string[] = [
  ...CONNECTION_HEADERS,
  'trailer',
  'proxy-authenticate',
  'proxy-authorization',
]

/** Set anew for the upstream request, or meaningless for a stream. */
const REPLACED = [
  'host',
  'expect',
  'accept-encoding',
  'range',
  'if-range',
  'if-none-match',
  'if-modified-since',
] as const

/**
 * Sent by a browser to the application in front: the page's origin, and the application's own secrets. Some providers
 * reject every request that has an `origin`.
 */
const FROM_BROWSERS = [
  'origin',
  'referer',
  'cookie',
  'cookie2',
  'x-csrf-token',
  'x-csrftoken',
  'x-xsrf-token',
  'access-control-request-headers',
  'access-control-request-method',
  'access-control-request-private-network',
  'dnt',
  'upgrade-insecure-requests',
] as const

/** Client identity, as CDNs, load balancers, hosts and authenticating proxies add it. */
const FROM_INTERMEDIARIES = [
  'forwarded',
  'forwarded-for',
  'via',
  'x-forwarded',
  'x-real-ip',
  'x-real-port',
  'x-remote-addr',
  'x-remote-ip',
  'x-remote-user',
  'x-rewrite-url',
  'client-ip',
  'x-client-ip',
  'x-client-port',
  'x-client-geo-location',
  'x-cluster-client-ip',
  'x-originating-ip',
  'true-client-ip',
  'proxy-client-ip',
  'wl-proxy-client-ip',
  'fly-client-ip',
  'fly-region',
  'do-connecting-ip',
  'eo-client-ip',
  'eo-connecting-ip',
  'ali-cdn-real-ip',
  'incap-client-ip',
  'x-sucuri-clientip',
  'x-sucuri-country',
  'x-envoy-external-address',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
  'x-goog-iap-jwt-assertion',
] as const

/** Prefixes of further names of the two kinds above. */
const DROPPED_PREFIXES = [
  // Browsers: fetch metadata, client hints, WebSocket, global privacy control.
  'sec-',
  // Any proxy.
  'x-forwarded-',
  'x-original-',
  'x-auth-request-',
  // AWS.
  'cloudfront-',
  'x-amz-cf-',
  'x-amzn-oidc-',
  // Azure.
  'x-appservice-',
  'x-arr-',
  'x-azure-',
  'x-fd-',
  'x-ms-client-principal',
  'x-ms-token-',
  // Google Cloud.
  'x-appengine-',
  'x-goog-authenticated-user-',
  // Others.
  'cf-',
  'fastly-',
  'fly-forwarded-',
  'tailscale-user-',
  'x-akamai-',
  'x-nf-',
  'x-vercel-',
] as const

/** Parameters for Cloudflare's AI Gateway, which is an upstream. */
const KEPT_PREFIX = 'cf-aig-'

/** Key headers of providers and gateways, besides names that end in `api-key` or `apikey`. */
const CREDENTIALS = [
  'authorization',
  'cf-access-client-id',
  'cf-access-client-secret',
  'cf-access-token',
  'cf-aig-authorization',
  'helicone-auth',
  'ocp-apim-subscription-key',
  'private-token',
  'x-access-token',
  'x-amz-security-token',
  'x-auth-token',
  'x-bf-vk',
  'x-functions-key',
  'x-goog-iam-authorization-token',
  'x-ms-authorization-auxiliary',
  'x-portkey-virtual-key',
  'x-serverless-authorization',
  'x-subscription-token',
] as const

const DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...REPLACED,
  ...FROM_BROWSERS,
  ...FROM_INTERMEDIARIES,
])
const CREDENTIAL: ReadonlySet<string> = new Set(CREDENTIALS)

/**
 * Whether a header holds a key or token of the client, judged by its name (case-insensitive): `authorization`, names
 * that end in `api-key` or `apikey`, and the key headers of well-known providers and gateways.
 *
 * The proxy forwards these only with `forwardCredentials`. Cookies are not included: they never go upstream.
 *
 * @example Keep keys out of a log
 * ```ts
 * import { isCredentialHeader } from 'sse-stream-kit'
 *
 * const headers = new Headers({ 'x-api-key': 'secret', accept: 'text/event-stream' })
 * headers.forEach((value, name) => {
 *   if (!isCredentialHeader(name)) console.log(name, value) // accept text/event-stream
 * })
 * ```
 */
export function isCredentialHeader(name: string): boolean {
  const lower = name.toLowerCase()
  return CREDENTIAL.has(lower) || lower.endsWith('api-key') || lower.endsWith('apikey')
}

/** Whether a header of the client's request is never forwarded to the upstream. Expects the name in lower case. */
export function isDroppedHeader(name: string): boolean {
  if (DROPPED.has(name)) return true
  return DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix)) && !name.startsWith(KEPT_PREFIX)
}
