import { connect, type Socket } from 'node:net'
import { parseMessage } from '../upstream/http-message.ts'
import type { ShortExchange } from '../upstream/short-exchange.ts'

/** A connection that repeats one request: the next one as soon as the response is there. */
export class KeepAliveClient {
  /** Responses so far, each of them compared byte for byte. */
  responses = 0
  /** Above 1 if the proxy has closed connections. */
  connections = 0
  /** Resolves once the last response has arrived; rejects with the first wrong one. */
  readonly done: Promise<void>
  readonly #port: number
  readonly #request: Buffer
  readonly #exchange: ShortExchange
  #socket: Socket | undefined
  #held: Buffer | undefined
  #isStopping = false
  #resolve: () => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(port: number, exchange: ShortExchange) {
    this.#port = port
    this.#exchange = exchange
    this.#request = requestOf(port, exchange)
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.done.catch(() => {})
    this.#connect()
  }

  stop(): Promise<void> {
    this.#isStopping = true
    return this.done
  }

  #connect(): void {
    this.connections++
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    socket.on('error', (error) => this.#fail(error))
    socket.on('data', (bytes: Buffer) => this.#onData(bytes))
    socket.on('end', () => {
      if (this.#held !== undefined) this.#fail(new Error('A response was cut'))
      else if (!this.#isStopping) this.#connect()
    })
    socket.write(this.#request)
  }

  #onData(bytes: Buffer): void {
    const all: Buffer = this.#held === undefined ? bytes : Buffer.concat([this.#held, bytes])
    const message = parseMessage(all)
    this.#held = message === undefined ? all : undefined
    if (message === undefined) return
    const { head, body } = message
    const isRight = body.equals(this.#exchange.responseBody)
    if (isRight) this.responses++
    if (!isRight) this.#fail(new Error(`Wrong response: ${head}\n\n${body}`.slice(0, 1000)))
    else if (this.#isStopping) this.#finish()
    // A connection that is about to close is replaced on its `end`.
    else if (!/\nconnection: *close/i.test(head)) this.#socket?.write(this.#request)
  }

  #finish(): void {
    this.#socket?.destroy()
    this.#resolve()
  }

  #fail(error: Error): void {
    this.#socket?.destroy()
    this.#reject(error)
  }
}

function requestOf(port: number, { name, path, requestBody }: ShortExchange): Buffer {
  const lines = [
    `${name} ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'user-agent: bench/1.0',
    'accept: text/event-stream',
  ]
  if (name === 'POST') {
    lines.push('content-type: application/json', `content-length: ${requestBody.length}`)
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), requestBody])
}
