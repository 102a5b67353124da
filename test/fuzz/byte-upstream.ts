import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'

/** An upstream that knows no HTTP: it answers whatever comes with the same bytes, and closes. */
export class ByteUpstream {
  /** What it answers with. */
  answer: Uint8Array = new Uint8Array(0)
  readonly #server: Server

  constructor() {
    this.#server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(this.answer))
      // Else a client that has more to say would be reset before it has read the answer.
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
