import { drained, writeHead } from './answer-node.ts'
import { FlushedCoder } from './flushed-coder.ts'
import type { NodeExchange, NodeOutgoing, NodeSocket } from './node-exchange.ts'
import type { RequestRecord } from './request-record.ts'
import type { StepSink } from './run-steps.ts'
import { createCoder } from './serve.ts'
import type { BodyCoding } from './step.ts'

/** The code of RST_STREAM. */
const INTERNAL_ERROR = 2

/** The answer of a server over a real socket. */
export class NodeSink implements StepSink {
  readonly #record: RequestRecord
  readonly #response: NodeOutgoing
  readonly #socket: NodeSocket
  #coder: FlushedCoder | undefined

  constructor(record: RequestRecord, { outgoing, socket }: NodeExchange) {
    this.#record = record
    this.#response = outgoing
    this.#socket = socket
    outgoing.on('close', () => record.close())
  }

  async head(status: number, headers: Headers, coding?: BodyCoding): Promise<void> {
    if (coding !== undefined) this.#coder = new FlushedCoder(await createCoder(coding))
    writeHead(status, headers, this.#response)
  }

  async write(bytes: Uint8Array): Promise<void> {
    const coded = (await this.#coder?.code(bytes)) ?? [bytes]
    const last = coded.length - 1
    for (const [index, piece] of coded.entries()) {
      await this.#put(piece, index === last ? bytes.length : 0)
    }
  }

  async #put(bytes: Uint8Array, countAs: number): Promise<void> {
    if (this.#record.over.aborted || bytes.length === 0) return
    const hasRoom = this.#response.write(bytes, (error) => {
      if (!error) this.#record.bytesTaken += countAs
    })
    if (hasRoom) return
    this.#record.pauses++
    await drained(this.#response)
  }

  async wire(bytes: Uint8Array): Promise<void> {
    if (this.#response.stream !== undefined) {
      throw new TypeError(
        'Cannot put bytes on the wire past HTTP/2: a server without http2 is wanted',
      )
    }
    await turn()
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  async end(): Promise<void> {
    for (const piece of (await this.#coder?.end()) ?? []) await this.#put(piece, 0)
    this.#response.end()
  }

  async cut(): Promise<void> {
    await turn()
    // Not destroyed: with bytes of the request still unread the system would send a reset instead.
    this.#socket.end()
  }

  async reset(): Promise<void> {
    if (this.#response.stream !== undefined) {
      this.#response.stream.close(INTERNAL_ERROR)
      return
    }
    await turn()
    this.#socket.resetAndDestroy()
  }
}

/** Node holds what is written within one turn: without it the steps before would be for nothing, or out of order. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
