import type { Socket } from 'node:net'
import type { NodeResponse } from '../../node/node-message.ts'
import type { RequestRecord } from '../upstream/request-record.ts'
import type { StepSink } from '../upstream/run-steps.ts'
import type { BodyCoding } from '../upstream/step.ts'
import { FlushedCoder } from './flushed-coder.ts'
import type { NodeExchange } from './node-exchange.ts'

/** The code of RST_STREAM. */
const INTERNAL_ERROR = 2

/** What a sink needs of a response; node:http and node:http2 declare it in ways that do not overlap. */
interface Output {
  setHeader(name: string, value: string | string[]): unknown
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean
  end(): unknown
  on(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
}

/** Runs the steps of a script as the response of a server on a real socket. */
export class NodeSink implements StepSink {
  readonly #record: RequestRecord
  readonly #res: NodeResponse
  readonly #output: Output
  readonly #socket: Socket
  #coder: FlushedCoder | undefined

  constructor(record: RequestRecord, { res, socket }: NodeExchange) {
    this.#record = record
    this.#res = res
    this.#output = res
    this.#socket = socket
    this.#output.on('close', () => record.close())
  }

  head(status: number, headers: Headers, coding?: BodyCoding): void {
    if (coding !== undefined) this.#coder = new FlushedCoder(coding)
    for (const [name, value] of headers) {
      if (name !== 'set-cookie') this.#output.setHeader(name, value)
    }
    const cookies = headers.getSetCookie()
    if (cookies.length > 0) this.#output.setHeader('set-cookie', cookies)
    const res = this.#res
    res.statusCode = status
    // On its own: Node would hold the head back until the first byte of the body.
    if ('stream' in res) res.writeHead(status)
    else res.flushHeaders()
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
    const isBelowMark = this.#output.write(bytes, (error) => {
      if (!error) this.#record.bytesTaken += countAs
    })
    if (isBelowMark) return
    this.#record.pauses++
    await this.#drained()
  }

  /**
   * Resolves when more can be written, or nothing can be any more. Waits for the event: a check of `destroyed` would
   * resolve at once between a client's disconnect and `close`, and an endless script would then loop without end.
   */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#output.off('drain', done)
        this.#output.off('close', done)
        resolve()
      }
      this.#output.on('drain', done)
      this.#output.on('close', done)
    })
  }

  async wire(bytes: Uint8Array): Promise<void> {
    if ('stream' in this.#res) {
      throw new TypeError('Cannot run the step wire over HTTP/2: listen without http2')
    }
    await nextTurn()
    await new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()))
  }

  async end(): Promise<void> {
    for (const piece of (await this.#coder?.end()) ?? []) await this.#put(piece, 0)
    this.#output.end()
  }

  async cut(): Promise<void> {
    await nextTurn()
    // Not destroyed: while bytes of the request are unread, the system would send a reset instead.
    this.#socket.end()
  }

  async reset(): Promise<void> {
    if ('stream' in this.#res) {
      this.#res.stream.close(INTERNAL_ERROR)
      return
    }
    await nextTurn()
    this.#socket.resetAndDestroy()
  }
}

/** Node buffers what is written within one turn; the steps before would be lost or reordered without waiting for it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
