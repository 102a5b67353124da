/** The request of a test's client; used with an address only, not with a `Response`. */
export interface ClientRequest {
  /** @default 'GET', or 'POST' with a body */
  method?: string | undefined
  headers?: Record<string, string> | undefined
  body?: string | Uint8Array | undefined
  /** Certificate authority to trust, as PEM. @default the system's */
  ca?: string | undefined
}
