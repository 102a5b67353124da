/**
 * Headers of one connection, which HTTP/2 forbids and `fetch` sets itself.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9113.html#section-8.2.2
 */
export const CONNECTION_HEADERS: readonly string[] = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]
