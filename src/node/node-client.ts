import type { ClientBody, ClientRequest } from '../base/client-request.ts'
import { BadRequestError } from './bad-request-error.ts'
import { IncomingBody } from './incoming-body.ts'
import type { NodeRequest } from './node-message.ts'
import { parsedBody } from './parsed-body.ts'
import { requestUrl } from './request-url.ts'

/** The longest body that is passed on as bytes. Most requests to LLM APIs are a few KB that arrive with their head. */
const MAX_ARRIVED_BYTES = 65_536

/**
 * A Node request as the request of a client. Restores a body that a parser has read.
 *
 * The `Request` is made when it is first used. It is a real one: `fetch()` and `new Request()` reject objects that only
 * look like one.
 *
 * - Holds a body that has arrived whole, up to 64 KiB, until it is taken; any other is left in Node's buffer and the
 *   socket.
 * - Cancel: `leave` aborts the signal of the `Request` and ends the body.
 */
export class NodeClient implements ClientRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly wantsStream = false
  readonly #incoming: IncomingBody | undefined
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #request: Request | undefined
  /** Aborts the signal of the `Request`. */
  #abort: AbortController | undefined
  #reason: unknown
  #isGone = false
  #onGone: (() => void) | undefined

  /**
   * @throws BadRequestError for a method, target, host or header that a `Request` cannot have
   * @throws TypeError for a body that has been read and cannot be restored
   */
  constructor(req: NodeRequest) {
    this.method = req.method ?? 'GET'
    this.headers = headersOf(req)
    this.url = urlOf(req, this.method)
    if (!hasBody(req, this.method, this.headers)) return
    if (req.readableDidRead || req.rawBody instanceof Uint8Array) {
      const body = parsedBody(req)
      // The parser has decoded both, and the length of the restored body may differ.
      this.headers.delete('content-encoding')
      this.headers.delete('transfer-encoding')
      this.headers.set('content-length', String(body.byteLength))
      this.#bytes = body
      return
    }
    this.#bytes = arrivedBody(req, this.headers)
    if (this.#bytes === undefined) this.#incoming = new IncomingBody(req)
  }

  get isBodyRead(): boolean {
    const { bodyUsed = false, body } = this.#request ?? {}
    return bodyUsed || body?.locked === true
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get request(): Request {
    if (this.#request !== undefined) return this.#request
    this.#abort = new AbortController()
    if (this.#isGone) this.#abort.abort(this.#reason)
    const { method, url, headers } = this
    const { signal } = this.#abort
    const body = this.#bytes ?? this.#incoming?.stream
    // It was used meanwhile, for the request to the upstream.
    const isUsed = body instanceof ReadableStream && body.locked
    const init = { method, headers, signal, body: isUsed ? null : (body ?? null), duplex: 'half' }
    this.#request = new Request(url, init)
    return this.#request
  }

  takeBody(): ClientBody {
    if (this.#incoming === undefined) {
      const bytes = this.#bytes ?? null
      // A prompt would else be held until the end of its answer.
      this.#bytes = undefined
      return bytes
    }
    // A clone of the request takes the stream it was made with.
    return this.#request === undefined ? this.#incoming.stream : this.#request.body
  }

  onGone(listener: (() => void) | undefined): void {
    this.#onGone = listener
  }

  /** The client has left. */
  leave(reason: unknown): void {
    this.#isGone = true
    this.#reason = reason
    this.#abort?.abort(reason)
    this.#onGone?.()
  }

  /** Ends the body and discards what has not been read. */
  release(): void {
    this.#incoming?.release()
  }
}

/** Returns the body if all of it is in Node's buffer already, as it is when it came in one packet with the head. */
function arrivedBody(req: NodeRequest, headers: Headers): Uint8Array<ArrayBuffer> | undefined {
  const { readableLength, readableEncoding } = req
  // With an encoding, Node's buffer holds text.
  if ('stream' in req || readableEncoding !== null || readableLength > MAX_ARRIVED_BYTES) return
  // The parser passes the bytes before the end of the message.
  if (!req.complete && String(readableLength) !== headers.get('content-length')) return
  const bytes = new Uint8Array(req.read() ?? [])
  // To its end, or else the connection could not be reused.
  req.resume()
  return bytes
}

function urlOf(req: NodeRequest, method: string): URL {
  const url = requestUrl(req)
  // The fetch API forbids these methods, and rejects some hosts that pass our check.
  if (method === 'CONNECT' || method === 'TRACE' || !URL.canParse(url)) {
    throw new BadRequestError('Cannot make a Request from what the client sent')
  }
  return new URL(url)
}

function headersOf(req: NodeRequest): Headers {
  const headers = new Headers()
  const { rawHeaders } = req
  try {
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? ''
      // HTTP/2 pseudo-headers are in the method and the URL.
      if (!name.startsWith(':')) headers.append(name, rawHeaders[i + 1] ?? '')
    }
    // RFC 9113, 8.3.1: a recipient "MUST NOT use the Host header field" where there is an `:authority`.
    if (req.headers[':authority'] !== undefined) headers.delete('host')
  } catch (cause) {
    throw new BadRequestError('The client sent invalid headers', { cause })
  }
  return headers
}

function hasBody(req: NodeRequest, method: string, headers: Headers): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const length = headers.get('content-length')
  if (length !== null) return length !== '0'
  if ('stream' in req) return !req.stream.endAfterHeaders
  return headers.has('transfer-encoding')
}
