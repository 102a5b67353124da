/** What a client received of one stream. */
export interface ClientSide {
  /** 0 if there was no head. */
  status: number
  body: Buffer
  /** `left` by the client itself; `broken` is any end that shows the client that the response is incomplete. */
  end: 'clean' | 'broken' | 'left'
}

/** What a client does during the stream. */
export interface ClientActs {
  requestBytes: number
  /** Called after each chunk with the controls of the client. */
  onChunk: (reins: ClientReins) => void
}

export interface ClientReins {
  readonly receivedBytes: number
  pauseFor(pauseMs: number): void
  pause(): void
  leave(): void
}

/** A running client. */
export interface Client {
  readonly side: Promise<ClientSide>
  leave(): void
}
