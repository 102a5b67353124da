import type { Dispatcher } from 'undici'
import type { Aborter } from '../base/aborter.ts'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { decodedCodings, dropDecoded } from '../http/decoded-codings.ts'
import { DecodingSink } from './decoding-sink.ts'
import { type BodySink, PushedBody, type RequestControl } from './pushed-body.ts'
import { toError } from './to-error.ts'
import { toNetworkError } from './to-network-error.ts'
import { toSendError } from './to-send-error.ts'
import type { Transport, TransportCall, TransportResponse } from './transport.ts'
import { Upload } from './upload.ts'

/**
 * The longest body that is written to the connection at once. undici retains it until the response has ended. After an
 * early response it does not wait for the end of such a write, as it does for that of a stream, and the next request
 * would wait behind a body that the upstream does not read.
 */
const MAX_WRITTEN_BYTES = 16_384

/** Any dispatcher of undici 7 or 8, such as its `ProxyAgent` or `EnvHttpProxyAgent`. */
export interface DispatcherLike {
  dispatch(options: never, handler: never): boolean
}

/**
 * Makes a transport on a dispatcher of undici, which may come from another copy of it.
 *
 * Uses `dispatch` instead of undici's `fetch`, whose Request, Response and streams cost more than the relay itself.
 * Turns off the dispatcher's own limits for headers and body: the proxy has limits for both, and names the one that
 * was exceeded.
 *
 * @param isHttp1 whether the dispatcher never uses HTTP/2. A body of bytes then needs no stream.
 */
export function undiciTransport(
  dispatcher: DispatcherLike,
  connectMs: number,
  isHttp1 = false,
): Transport {
  return {
    send(call: TransportCall): Promise<TransportResponse> {
      return new Promise((resolve, reject) => {
        call.aborter.throwIfAborted()
        const { url, method, headers } = call
        const body = sentBody(call.body, isHttp1)
        const upload = body instanceof Upload ? body : null
        const handler = new ResponseHandler(call, upload, connectMs, resolve, reject)
        const options = {
          origin: url.origin,
          // Not `pathname + search`, which lose the "?" of an empty query.
          path: url.href.slice(url.origin.length),
          method,
          headers,
          body,
          headersTimeout: 0,
          bodyTimeout: 0,
        }
        try {
          dispatcher.dispatch(options as never, handler as never)
        } catch (error) {
          handler.onResponseError(null, error)
        }
      })
    },
  }
}

/**
 * Returns a body as undici takes it. Bytes become a stream too where the connection may be one of HTTP/2, because undici
 * ends the stream of the connection together with a write of bytes, and Node then resets it only after all of them were
 * sent: never, if the upstream does not read them.
 */
function sentBody(body: TransportCall['body'], isHttp1: boolean): Upload | Uint8Array | null {
  if (body === null || !(body instanceof Uint8Array)) return body && new Upload(body)
  if (body.length === 0) return null
  return isHttp1 && body.length <= MAX_WRITTEN_BYTES ? body : new Upload(body)
}

/** Turns undici's callbacks for one request into a response and its body. */
class ResponseHandler implements Dispatcher.DispatchHandler, RequestControl {
  readonly #method: string
  readonly #aborter: Aborter
  readonly #connectMs: number
  readonly #resolve: (response: TransportResponse) => void
  readonly #reject: (reason: unknown) => void
  readonly #upload: Upload | null
  #controller: Dispatcher.DispatchController | undefined
  #sink: BodySink | undefined

  constructor(
    { method, aborter }: TransportCall,
    upload: Upload | null,
    connectMs: number,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#method = method
    this.#aborter = aborter
    this.#connectMs = connectMs
    this.#resolve = resolve
    this.#reject = reject
    this.#upload = upload
    aborter.listen(this.#onAbort)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It was aborted while it waited for a connection.
    if (this.#aborter.aborted) controller.abort(toError(this.#aborter.reason))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: Record<string, string | string[] | undefined>,
    statusText = '',
  ): void {
    // An interim response: the final one is still to come.
    if (status < 200) return
    const headers = headersOf(controller, parsed)
    // Views of the memory of a socket read, which would be retained until the end of the response. Another dispatcher
    // may forbid it.
    Reflect.set(controller, 'rawHeaders', null)
    if (this.#method === 'HEAD' || isBodilessStatus(status)) {
      this.#resolve({ status, statusText, headers, body: null })
      return
    }
    const codings = decodedCodings(headers.get('content-encoding') ?? '')
    let body: PushedBody
    if (codings.length === 0) {
      this.#sink = body = new PushedBody(this)
    } else {
      const sink = new DecodingSink(codings, this)
      this.#sink = sink
      body = sink.body
    }
    dropDecoded(headers)
    this.#resolve({ status, statusText, headers, body })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#sink?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    const upload = this.#upload
    // Until an upload that goes on has ended, an abort has to stop it.
    if (upload === null || upload.closed) this.#stopListening()
    else upload.once('close', this.#stopListening)
    this.#sink?.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: unknown): void {
    const aborter = this.#aborter
    this.#stopListening()
    const cause = this.#upload?.failure === undefined ? error : this.#upload.failure.error
    const reason = aborter.aborted ? aborter.reason : cause
    this.#sink?.fail(toNetworkError(reason))
    this.#reject(aborter.aborted ? reason : toSendError(cause, this.#connectMs))
    // undici 7 only closes an aborted stream of HTTP/2. Paused, Node keeps it with up to 256 KiB of received data,
    // because its end is never read.
    controller?.resume()
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#aborter
    this.#reject(reason)
    this.abort(reason)
    this.#sink?.fail(toNetworkError(reason))
  }

  resume(): void {
    this.#controller?.resume()
  }

  abort(reason: unknown): void {
    const upload = this.#upload
    const abort = (): void => this.#controller?.abort(toError(reason))
    if (upload === null || upload.closed) {
      upload?.stop()
      abort()
    } else {
      // First the upload: undici ignores an abort after a complete response.
      upload.once('close', abort)
      upload.stop()
    }
  }

  readonly #stopListening = (): void => this.#aborter.unlisten(this.#onAbort)
}

/** Returns the headers byte for byte. Some versions of undici decode them as UTF-8, which changes their bytes. */
function headersOf(
  controller: { rawHeaders?: unknown },
  parsed: Record<string, string | string[] | undefined>,
): Headers {
  const headers = new Headers()
  const { rawHeaders } = controller
  if (Array.isArray(rawHeaders)) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const values: unknown = rawHeaders[index + 1]
      for (const value of Array.isArray(values) ? values : [values]) {
        headers.append(latin1(rawHeaders[index]), latin1(value))
      }
    }
    return headers
  }
  for (const [name, values] of Object.entries(parsed)) {
    for (const value of Array.isArray(values) ? values : [values ?? '']) {
      headers.append(name, rawHeaders === undefined ? utf8AsLatin1(value) : value)
    }
  }
  return headers
}

function latin1(value: unknown): string {
  return typeof value === 'string' ? value : (value as Buffer).toString('latin1')
}

function utf8AsLatin1(value: string): string {
  return latin1(Buffer.from(value))
}
