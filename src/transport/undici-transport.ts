import type { Dispatcher } from 'undici'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { decodedCodings, dropDecoded } from '../http/decoded-codings.ts'
import { DecodingSink } from './decoding-sink.ts'
import { type BodySink, PushedBody } from './pushed-body.ts'
import { toNetworkError } from './to-network-error.ts'
import { toSendError } from './to-send-error.ts'
import type { Transport, TransportCall, TransportResponse } from './transport.ts'

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
 */
export function undiciTransport(dispatcher: DispatcherLike, connectMs: number): Transport {
  return {
    send(call: TransportCall): Promise<TransportResponse> {
      return new Promise((resolve, reject) => {
        call.signal.throwIfAborted()
        const { url, method, headers, body } = call
        const handler = new ResponseHandler(call, connectMs, resolve, reject)
        const options = {
          origin: url.origin,
          // Not `pathname + search`, which lose the "?" of an empty query.
          path: url.href.slice(url.origin.length),
          method,
          headers,
          body: body && upload(body, handler),
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
 * Reads a request body for undici. One that fails or is aborted after the response has ended only ends: undici would
 * leave a stream of HTTP/2 half open for ever.
 */
async function* upload(
  body: ReadableStream<Uint8Array>,
  response: ResponseHandler,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const result = await Promise.race([reader.read(), response.uploadStopped])
      if (result === undefined || result.done) return
      yield result.value
    }
  } catch (error) {
    if (!response.hasEnded) throw error
  } finally {
    response.onUploadEnd()
    // What has ended or failed needs no cancel.
    reader.cancel().catch(() => {})
  }
}

/** Turns undici's callbacks for one request into a response and its body. */
class ResponseHandler implements Dispatcher.DispatchHandler {
  readonly #method: string
  readonly #signal: AbortSignal
  readonly #connectMs: number
  readonly #resolve: (response: TransportResponse) => void
  readonly #reject: (reason: unknown) => void
  /** Whether the response is complete, or has failed. */
  hasEnded = false
  /** Resolves if the rest of the upload is not wanted. */
  readonly uploadStopped: Promise<undefined>
  #stopUpload!: () => void
  #isUploading: boolean
  #controller: Dispatcher.DispatchController | undefined
  #sink: BodySink | undefined

  constructor(
    { method, body, signal }: TransportCall,
    connectMs: number,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#method = method
    this.#signal = signal
    this.#connectMs = connectMs
    this.#resolve = resolve
    this.#reject = reject
    this.#isUploading = body !== null
    this.uploadStopped = new Promise((stop) => {
      this.#stopUpload = () => stop(undefined)
    })
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // It was aborted while it waited for a connection.
    if (this.#signal.aborted) controller.abort(this.#signal.reason)
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
    if (this.#method === 'HEAD' || isBodilessStatus(status)) {
      this.#resolve({ status, statusText, headers, body: null })
      return
    }
    const codings = decodedCodings(headers.get('content-encoding') ?? '')
    const request = {
      resume: () => controller.resume(),
      abort: (reason: unknown) => controller.abort(toError(reason)),
    }
    let body: PushedBody
    if (codings.length === 0) {
      this.#sink = body = new PushedBody(request.abort)
      body.onWanted = request.resume
    } else {
      const sink = new DecodingSink(codings, request)
      this.#sink = sink
      body = sink.body
    }
    dropDecoded(headers)
    this.#resolve({ status, statusText, headers, body })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#sink?.push(chunk) === false) controller.pause()
  }

  onUploadEnd(): void {
    this.#isUploading = false
    if (this.hasEnded) this.#signal.removeEventListener('abort', this.#onAbort)
  }

  onResponseEnd(): void {
    this.hasEnded = true
    // Until then an abort has to stop it.
    if (!this.#isUploading) this.#signal.removeEventListener('abort', this.#onAbort)
    this.#sink?.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: unknown): void {
    const signal = this.#signal
    this.hasEnded = true
    signal.removeEventListener('abort', this.#onAbort)
    const reason = signal.aborted ? signal.reason : error
    this.#sink?.fail(toNetworkError(reason))
    this.#reject(signal.aborted ? reason : toSendError(error, this.#connectMs))
    // undici 7 only closes an aborted stream of HTTP/2. Paused, Node keeps it with up to 256 KiB of received data,
    // because its end is never read.
    controller?.resume()
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#signal
    if (this.hasEnded) this.#stopUpload()
    this.#reject(reason)
    this.#controller?.abort(reason)
    this.#sink?.fail(toNetworkError(reason))
  }
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

/** undici destroys the socket with the reason, for which Node requires an Error. */
function toError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new Error('The response was cancelled', { cause: reason })
}

function latin1(value: unknown): string {
  return typeof value === 'string' ? value : (value as Buffer).toString('latin1')
}

function utf8AsLatin1(value: string): string {
  return latin1(Buffer.from(value))
}
