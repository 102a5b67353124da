/**
 * What is used of Node's own objects, by shape: HTTP/1.1's and those of HTTP/2's compatibility API fit alike,
 * and the types of this door do not need Node's.
 */
export interface NodeExchange {
  incoming: NodeIncoming
  outgoing: NodeOutgoing
  /** The TCP socket at the bottom. */
  socket: NodeSocket
}

/** A request as Node gives it. */
export interface NodeIncoming extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly socket: object
  resume(): unknown
}

/** A response as Node wants it. */
export interface NodeOutgoing {
  statusCode: number
  /** There with HTTP/2. */
  readonly stream?: { close(code: number): void }
  setHeader(name: string, value: string | string[]): unknown
  /** Always there; Node's types leave it out for HTTP/2. */
  flushHeaders?(): void
  write(chunk: Uint8Array, done?: (error?: Error | null) => void): boolean
  end(): unknown
  destroy(): unknown
  on(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
}

/** A TCP socket. */
export interface NodeSocket {
  write(chunk: Uint8Array, done: () => void): boolean
  readonly writableCorked: number
  uncork(): void
  end(): unknown
  resetAndDestroy(): unknown
  on(event: 'close', listener: () => void): unknown
  off(event: 'close', listener: () => void): unknown
}
