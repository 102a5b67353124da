/** Protocol and encryption of a test's server. */
export interface ServeOptions {
  /** The certificate and key to serve TLS with, both as PEM text. @default plain HTTP */
  tls?: { key: string; cert: string } | undefined
  /** Serves HTTP/2 only; needs `tls`. @default false */
  http2?: boolean | undefined
}

/** A server on a free loopback port. */
export interface TestServer {
  /** Scheme, host and port, without a trailing slash. */
  readonly url: string
  /** The number of open connections. */
  readonly connections: number
  /** Stops listening and destroys every connection; resolves when all of them are closed. */
  close(): Promise<void>
}
