/** What a client saw of one stream. */
export interface ClientSide {
  /** 0 where there was no head. */
  status: number
  body: Buffer
  /** `left` by the client itself; `broken` is any end by which a client can tell that the answer is not whole. */
  end: 'clean' | 'broken' | 'left'
}

/** What a client does, as the stream goes on. */
export interface ClientActs {
  requestBytes: number
  /** Called after each chunk with the client's reins. */
  onChunk: (reins: ClientReins) => void
}

export interface ClientReins {
  readonly receivedBytes: number
  pauseFor(pauseMs: number): void
  pause(): void
  leave(): void
}

/** A client under way. */
export interface Client {
  readonly side: Promise<ClientSide>
  leave(): void
}
