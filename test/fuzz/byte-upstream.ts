import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'

/** An upstream without HTTP: it responds to any request with the same bytes, and closes. */
export class ByteUpstream {
  /** The bytes of the response. */
  answer: Uint8Array = new Uint8Array(0)
  readonly #server: Server

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(this.answer))
      // Otherwise a client with more to send would be reset before it has read the response.
      socket.resume()
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
