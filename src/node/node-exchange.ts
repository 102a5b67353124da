import type { Http2ServerResponse } from 'node:http2'
import { type ClientResponse, DIRECT, type DirectHandler } from '../base/client-request.ts'
import { shown } from '../base/shown.ts'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { BadRequestError } from './bad-request-error.ts'
import { BodyWriter, type ResponseBody } from './body-writer.ts'
import { breakResponse } from './break-response.ts'
import { drainUpload } from './drain-upload.ts'
import { NodeClient } from './node-client.ts'
import type { NodeRequest, NodeResponse } from './node-message.ts'
import { restoreHead, type SavedHead, saveHead, setHead } from './set-head.ts'

/** Callbacks for the failures of an exchange; they must not throw. */
export interface ExchangeReports {
  /** The handler failed before anything was sent. Returns whether the framework sends the response. */
  failed(error: unknown): boolean
  /** The response could not be sent completely. */
  broke(error: unknown): void
}

/** A fetch handler, or one that needs no `Request`. */
export type NodeExchangeHandler =
  | ((request: Request) => Response | Promise<Response>)
  | (((request: Request) => Promise<Response>) & DirectHandler)

/** A response that can be sent. */
interface Sendable extends ClientResponse {
  readonly body: ResponseBody | null
}

/** The part of an emitter that is used; the types of node:http and node:http2 do not overlap. */
interface Watched {
  on(event: WatchedEvent, listener: () => void): unknown
  off(event: WatchedEvent, listener: () => void): unknown
}

type WatchedEvent = (typeof WATCHED_EVENTS)[number]

const WATCHED_EVENTS = ['close', 'error', 'aborted'] as const

/**
 * One request and its response, until the last listener is removed.
 *
 * `done` resolves at the end of every path and never rejects.
 */
export class NodeExchange {
  readonly done: Promise<void>
  readonly #req: NodeRequest
  readonly #res: NodeResponse
  readonly #reports: ExchangeReports
  readonly #watched: Watched[]
  /** Why the client's side ended early. */
  #reason: unknown
  /** The head that middleware had set. */
  #head: SavedHead | undefined
  // Referenced until the end: `request.signal` follows its own through a weak reference only, so the signal of a
  // collected request would never abort.
  #client: NodeClient | undefined
  #writer: BodyWriter | undefined
  #isSettled = false
  #resolve: () => void = () => {}

  constructor(req: NodeRequest, res: NodeResponse, reports: ExchangeReports) {
    this.#req = req
    this.#res = res
    this.#reports = reports
    // A stream that the client resets with NO_ERROR never closes while it has queued writes. A pipelined response
    // has no socket yet and emits nothing when its client leaves.
    if ('stream' in res) this.#watched = [res, res.stream]
    else this.#watched = res.socket === null ? [res, req.socket] : [res]
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  /** Never rejects: failures are reported. */
  async run(handler: NodeExchangeHandler): Promise<void> {
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
    let response: ClientResponse
    try {
      // Node has read what came in one packet with the head before the next microtask. Not where someone else listens,
      // who would get it alone.
      if (this.#req.readableFlowing === null) await undefined
      this.#client = new NodeClient(this.#req)
      response =
        DIRECT in handler
          ? await handler[DIRECT](this.#client)
          : await handler(this.#client.request)
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#send(response)
  }

  #send(response: ClientResponse): void {
    if (this.#isSettled) {
      discard(response, this.#reason)
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

  #sendHead(response: ClientResponse): void {
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
    res.writeHead(res.statusCode)
    this.#writer.start()
    // Chunks that are at hand, if only after some promises, go out with the head in one write.
    if (!('stream' in res || this.#writer.hasWritten)) process.nextTick(this.#flushHead)
  }

  /** Node would delay the head until the first chunk, which can take an LLM a minute. */
  readonly #flushHead = (): void => {
    if (this.#isSettled || this.#writer?.hasWritten || this.#res.writableEnded) return
    // Not `flushHeaders()`, which encodes header values as UTF-8 instead of Latin-1.
    try {
      writeHeadOf(this.#res)
    } catch (error) {
      // Only middleware that replaces `write` throws, and nobody else would catch it.
      this.#writer?.cancel(error)
      this.#fail(error)
    }
  }

  readonly #end = (): void => {
    endOf(this.#res)
    // HTTP/1 discards the rest of the body by itself and keeps the connection.
    if (!('stream' in this.#req)) return
    this.#client?.release()
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
      const reason = new DOMException(
        'The client left before the end of the response',
        'AbortError',
      )
      this.#reason = reason
      this.#client?.leave(reason)
      this.#writer?.cancel(reason)
    }
    this.#settle()
  }

  #fail(error: unknown): void {
    // An error caused by the client's disconnect is not reported.
    if (this.#isSettled) return
    if (this.#res.headersSent) {
      this.#onBreak(error)
      return
    }
    // Node rejects some heads only when it writes them.
    if (this.#head) restoreHead(this.#res, this.#head)
    if (this.#reports.failed(error)) {
      this.#settle()
      return
    }
    this.#sendFailure(error instanceof BadRequestError ? error.status : 500)
  }

  #sendFailure(status: number): void {
    const res = this.#res
    // Headers of middleware stay, so that a browser may read the status (CORS); those about the body do not.
    for (const name of ['content-encoding', 'content-type', 'trailer']) res.removeHeader(name)
    res.setHeader('content-length', '0')
    res.statusCode = status
    if (!('stream' in res)) res.statusMessage = ''
    this.#end()
  }

  /** Another response has been sent or started, and must not be changed. */
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
    this.#client?.release()
    this.#client = undefined
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

function checkResponse(response: unknown): asserts response is Sendable {
  const { status, headers, bodyUsed } = Object(response) as Partial<Response>
  if (typeof status !== 'number' || typeof headers?.[Symbol.iterator] !== 'function') {
    throw new TypeError(`The handler must return a Response: got ${shown(response)}`)
  }
  if (bodyUsed) throw new TypeError('Cannot send the response: its body has been read already')
}

function endOf(res: { end(): unknown }): void {
  res.end()
}

/** With bytes and not a string: middleware that replaces `write` has to do with nothing else. */
function writeHeadOf(res: { write(chunk: Uint8Array): unknown }): void {
  res.write(new Uint8Array(0))
}

/** Cancels the body without waiting. Ignores a cancel that fails, or a body that is not a stream. */
function discard(response: unknown, reason: unknown): void {
  const cancel = async (): Promise<void> => {
    const { body } = Object(response) as Partial<Response>
    if (body && !body.locked) await body.cancel(reason)
  }
  cancel().catch(() => {})
}
