import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A client that sends a request and reads nothing of the response until it is asked to. */
export class StalledClient {
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Resolves when it is connected. */
  static async connect(port: number, path: string): Promise<StalledClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    // Before it connects: otherwise the first bytes would be read.
    socket.pause()
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
    return new StalledClient(socket)
  }

  get port(): number {
    return this.#socket.localPort ?? 0
  }

  /** Reads the first bytes of the response, and closes the connection. */
  async read(bytes: number): Promise<Buffer> {
    const received: Buffer[] = []
    let length = 0
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
      received.push(chunk)
      length += chunk.length
      if (length >= bytes) break
    }
    return Buffer.concat(received).subarray(0, bytes)
  }
}
