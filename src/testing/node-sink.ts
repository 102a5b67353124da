import { drained, writeHead } from './answer-node.ts'
import type { NodeExchange, NodeOutgoing, NodeSocket } from './node-exchange.ts'
import type { RequestRecord } from './request-record.ts'
import type { StepSink } from './run-steps.ts'

/** The code of RST_STREAM. */
const INTERNAL_ERROR = 2

/** The answer of a server over a real socket. */
export class NodeSink implements StepSink {
  readonly #record: RequestRecord
  readonly #response: NodeOutgoing
  readonly #socket: NodeSocket

  constructor(record: RequestRecord, { outgoing, socket }: NodeExchange) {
    this.#record = record
    this.#response = outgoing
    this.#socket = socket
    outgoing.on('close', () => record.close())
  }

  head(status: number, headers: Headers): void {
    writeHead(status, headers, this.#response)
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#record.over.aborted || bytes.length === 0) return
    const hasRoom = this.#response.write(bytes, (error) => {
      if (!error) this.#record.bytesTaken += bytes.length
    })
    if (hasRoom) return
    this.#record.pauses++
    await drained(this.#response)
  }

  wire(bytes: Uint8Array): Promise<void> {
    if (this.#response.stream !== undefined) {
      throw new TypeError(
        'Cannot put bytes on the wire past HTTP/2: a server without http2 is wanted',
      )
    }
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  end(): void {
    this.#response.end()
  }

  cut(): void {
    // Not destroyed: with bytes of the request still unread the system would send a reset instead.
    this.#socket.end()
  }

  reset(): void {
    if (this.#response.stream === undefined) this.#socket.resetAndDestroy()
    else this.#response.stream.close(INTERNAL_ERROR)
  }
}
