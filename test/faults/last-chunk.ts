/** What tells an HTTP/1.1 client that a chunked answer is whole. */
export const LAST_CHUNK: RegExp = /\r\n0\r\n\r\n$/
