import { connect } from 'node:net'

const MAX_SILENT_MS = 20_000

/** The response that a {@link RawClient} received. */
export interface RawAnswer {
  body: Buffer
  /** Number of body chunks: one per write of the proxy. */
  chunks: number
}

/**
 * A client over a bare socket that stores what it receives and parses it only at the end: during the measurement
 * it must leave its core to the upstream.
 */
export class RawClient {
  /** Resolves with the time from the request to the first byte of the body. */
  readonly firstByteMs: Promise<number>
  /** Resolves with the response, when the server has closed the connection. */
  readonly answer: Promise<RawAnswer>
  readonly #received: Buffer[] = []

  constructor(port: number, path: string) {
    const startedAt = performance.now()
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: close\r\n\r\n`)
    socket.setTimeout(MAX_SILENT_MS, () => {
      socket.destroy(new Error(`Nothing came from ${path} for ${MAX_SILENT_MS} ms`))
    })
    this.firstByteMs = new Promise((resolve, reject) => {
      let hasBegun = false
      socket.on('error', reject)
      socket.on('data', (bytes: Buffer) => {
        this.#received.push(bytes)
        if (hasBegun || !this.#hasBody()) return
        hasBegun = true
        resolve(performance.now() - startedAt)
      })
    })
    this.answer = new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('end', () => resolve(parse(Buffer.concat(this.#received))))
    })
    // The promise of the first byte rejects as well.
    this.answer.catch(() => {})
  }

  #hasBody(): boolean {
    const bytes = Buffer.concat(this.#received)
    const headEnd = bytes.indexOf('\r\n\r\n')
    return headEnd !== -1 && bytes.length > headEnd + 4
  }
}

/** A truncated body has the chunks up to the break. */
function parse(bytes: Buffer): RawAnswer {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const parts: Buffer[] = []
  let at = headEnd + 4
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) break
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return { body: Buffer.concat(parts), chunks: parts.length }
}
