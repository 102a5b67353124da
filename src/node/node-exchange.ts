import type { Http2ServerResponse } from 'node:http2'
import { shown } from '../base/shown.ts'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { BadRequestError } from './bad-request-error.ts'
import { BodyWriter } from './body-writer.ts'
import { breakResponse } from './break-response.ts'
import { drainUpload } from './drain-upload.ts'
import type { NodeRequest, NodeResponse } from './node-message.ts'
import { restoreHead, type SavedHead, saveHead, setHead } from './set-head.ts'
import { toRequest, type WebRequest } from './to-request.ts'

/** Where an exchange tells what went wrong; neither may throw. */
export interface ExchangeReports {
  /** The handler failed, and nothing has been sent; true if somebody else sends the answer. */
  failed(error: unknown): boolean
  /** The response could not be sent, or not be sent to its end. */
  broke(error: unknown): void
}

/** The listening side; node:http and node:http2 declare it in ways that do not overlap. */
interface Watched {
  on(event: WatchedEvent, listener: () => void): unknown
  off(event: WatchedEvent, listener: () => void): unknown
}

type WatchedEvent = (typeof WATCHED_EVENTS)[number]

const WATCHED_EVENTS = ['close', 'error', 'aborted'] as const

/**
 * One request and its answer, from the first look at the client to the last listener.
 *
 * `done` resolves once nothing is left to do, on every path, and never rejects.
 */
export class NodeExchange {
  readonly done: Promise<void>
  readonly #req: NodeRequest
  readonly #res: NodeResponse
  readonly #reports: ExchangeReports
  readonly #watched: Watched[]
  readonly #abort = new AbortController()
  /** What the head was before the response's was put on it. */
  #head: SavedHead | undefined
  // Held to the end: `request.signal` follows ours through a weak reference only, so a handler that keeps the
  // signal and drops the request would never hear that the client has gone.
  #web: WebRequest | undefined
  #writer: BodyWriter | undefined
  #isSettled = false
  #resolve: () => void = () => {}

  constructor(req: NodeRequest, res: NodeResponse, reports: ExchangeReports) {
    this.#req = req
    this.#res = res
    this.#reports = reports
    // A stream that the client resets with NO_ERROR closes only when its writes are done, which nobody takes any
    // more. A pipelined response waits without a socket, and would not be told that its client has gone.
    if ('stream' in res) this.#watched = [res, res.stream]
    else this.#watched = res.socket === null ? [res, req.socket] : [res]
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Never rejects: what goes wrong is reported. */
  async run(handler: (request: Request) => Response | Promise<Response>): Promise<void> {
    if (this.#isGone()) {
      this.#settle()
      return
    }
    for (const emitter of this.#watched) {
      for (const event of WATCHED_EVENTS) emitter.on(event, this.#onClose)
    }
    if (this.#isSent()) {
      this.#refuse()
      return
    }
    let response: Response
    try {
      this.#web = toRequest(this.#req, this.#abort.signal)
      response = await handler(this.#web.request)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#send(response)
  }

  #send(response: Response): void {
    if (this.#isSettled) {
      discard(response, this.#abort.signal.reason)
      return
    }
    if (this.#isSent()) {
      discard(response, this.#refuse())
      return
    }
    try {
      this.#sendHead(response)
    } catch (error) {
      if (this.#writer) this.#writer.cancel(error)
      else discard(response, error)
      this.#fail(error)
    }
  }

  #sendHead(response: Response): void {
    checkResponse(response)
    const res = this.#res
    const { body } = response
    if (!('stream' in res)) res.strictContentLength = true
    this.#head = saveHead(res)
    if (!body || this.#req.method === 'HEAD' || isBodilessStatus(response.status)) {
      setHead(res, response)
      discard(response, undefined)
      this.#end()
      return
    }
    this.#writer = new BodyWriter(res, body, this.#end, this.#onBreak)
    setHead(res, response)
    // Node would keep the head back until the first byte, which an LLM can take a minute for. An empty write
    // and not `flushHeaders()`: that writes header values in UTF-8, where HTTP has Latin-1, and on its own.
    if ('stream' in res) res.writeHead(res.statusCode)
    else res.write(new Uint8Array(0))
    this.#writer.start()
  }

  readonly #end = (): void => {
    endOf(this.#res)
    // HTTP/1 goes on by itself: it discards the rest of the body, and keeps the connection.
    if (!('stream' in this.#req)) return
    this.#web?.release()
    drainUpload(this.#req)
  }

  readonly #onBreak = (reason: unknown): void => {
    this.#reports.broke(reason)
    breakResponse(this.#res, () => this.#writer?.sentAt ?? Number.NEGATIVE_INFINITY)
  }

  readonly #onClose = (): void => {
    if (this.#isSettled) return
    const isWhole = this.#writer ? this.#writer.hasEnded : this.#res.writableEnded
    if (!isWhole) {
      const { stream } = this.#res as Partial<Http2ServerResponse>
      if (stream && !stream.destroyed) setImmediate(() => stream.destroy())
      const reason = new DOMException('The client left before the response was whole', 'AbortError')
      this.#abort.abort(reason)
      this.#writer?.cancel(reason)
    }
    this.#settle()
  }

  #fail(error: unknown): void {
    // What a handler throws because its client has gone concerns nobody.
    if (this.#isSettled) return
    if (this.#res.headersSent) {
      this.#onBreak(error)
      return
    }
    // Node refuses some heads only when it writes them.
    if (this.#head) restoreHead(this.#res, this.#head)
    if (this.#reports.failed(error)) {
      this.#settle()
      return
    }
    this.#sendFailure(error instanceof BadRequestError ? error.status : 500)
  }

  #sendFailure(status: number): void {
    const res = this.#res
    // What middleware has set stays, so that a browser may see the status (CORS), but for what tells of a body.
    for (const name of ['content-encoding', 'content-type', 'trailer']) res.removeHeader(name)
    res.setHeader('content-length', '0')
    res.statusCode = status
    if (!('stream' in res)) res.statusMessage = ''
    this.#end()
  }

  /** Somebody else has answered, or begun to: that answer must not be touched. */
  #refuse(): Error {
    const error = new Error('Cannot send the response: another one has been sent already')
    this.#reports.broke(error)
    this.#settle()
    return error
  }

  #settle(): void {
    this.#isSettled = true
    for (const emitter of this.#watched) {
      for (const event of WATCHED_EVENTS) emitter.off(event, this.#onClose)
    }
    this.#web?.release()
    this.#web = undefined
    this.#resolve()
  }

  #isGone(): boolean {
    const res = this.#res
    if ('stream' in res) return res.stream.destroyed || res.stream.closed
    return res.destroyed || this.#req.socket?.destroyed
  }

  #isSent(): boolean {
    return this.#res.headersSent || this.#res.writableEnded
  }
}

function checkResponse(response: unknown): asserts response is Response {
  const { status, headers, bodyUsed } = Object(response) as Partial<Response>
  if (typeof status !== 'number' || typeof headers?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`The handler must return a Response: got ${shown(response)}`)
  }
  if (bodyUsed) throw new TypeError('Cannot send the response: its body has been read already')
}

function endOf(res: { end(): unknown }): void {
  res.end()
}

/** Cancels the body without waiting; a body that does not cancel well, or is no stream, changes nothing. */
function discard(response: unknown, reason: unknown): void {
  const cancel = async (): Promise<void> => {
    const { body } = Object(response) as Partial<Response>
    if (body && !body.locked) await body.cancel(reason)
  }
  cancel().catch(() => {})
}
