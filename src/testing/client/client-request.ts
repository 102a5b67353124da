/** What a test's client asks for; all of it only with an address, not with a `Response`. */
export interface ClientRequest {
  /** @default 'GET', or 'POST' with a body */
  method?: string | undefined
  headers?: Record<string, string> | undefined
  body?: string | Uint8Array | undefined
  /** A certificate to trust, as PEM. @default those of the system */
  ca?: string | undefined
}
