import type { Dispatcher } from 'undici'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { decodedCodings, dropDecoded } from '../http/decoded-codings.ts'
import { DecodingSink } from './decoding-sink.ts'
import { type BodySink, PushedBody } from './pushed-body.ts'
import { toNetworkError } from './to-network-error.ts'
import { toSendError } from './to-send-error.ts'
import type { Transport, TransportAnswer, TransportCall } from './transport.ts'

/** Any dispatcher of undici 7 or 8, such as its `ProxyAgent` or `EnvHttpProxyAgent`. */
export interface DispatcherLike {
  dispatch(options: never, handler: never): boolean
}

/**
 * Makes a transport on a dispatcher of undici, which may come from another copy of it.
 *
 * Uses `dispatch` and not undici's `fetch`, whose Request, Response and streams cost more than the relay itself.
 * The dispatcher's own limits for headers and body are off: the proxy times both, and can say which one it was.
 */
export function undiciTransport(dispatcher: DispatcherLike, connectMs: number): Transport {
  return {
    send(call: TransportCall): Promise<TransportAnswer> {
      return new Promise((resolve, reject) => {
        call.signal.throwIfAborted()
        const { url, method, headers, body } = call
        const options = {
          origin: url.origin,
          // Not `pathname + search`: those lose the mark of an empty query.
          path: url.href.slice(url.origin.length),
          method,
          headers,
          body,
          headersTimeout: 0,
          bodyTimeout: 0,
        }
        const handler = new AnswerHandler(call, connectMs, resolve, reject)
        dispatcher.dispatch(options as never, handler as never)
      })
    },
  }
}

/** Turns what undici tells of one request into an answer and its body. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #method: string
  readonly #signal: AbortSignal
  readonly #connectMs: number
  readonly #resolve: (answer: TransportAnswer) => void
  readonly #reject: (reason: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #sink: BodySink | undefined

  constructor(
    { method, signal }: TransportCall,
    connectMs: number,
    resolve: (answer: TransportAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#method = method
    this.#signal = signal
    this.#connectMs = connectMs
    this.#resolve = resolve
    this.#reject = reject
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    // While it waited for a connection.
    if (this.#signal.aborted) controller.abort(this.#signal.reason)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    parsed: Record<string, string | string[] | undefined>,
    statusText = '',
  ): void {
    // An interim response: the answer is still to come.
    if (status < 200) return
    const headers = headersOf(controller, parsed)
    if (this.#method === 'HEAD' || isBodilessStatus(status)) {
      this.#resolve({ status, statusText, headers, body: null })
      return
    }
    const codings = decodedCodings(headers.get('content-encoding') ?? '')
    const body = new PushedBody((reason) => controller.abort(toError(reason)))
    if (codings.length === 0) {
      body.onWanted = () => controller.resume()
      this.#sink = body
    } else {
      this.#sink = new DecodingSink(body, codings, controller)
    }
    dropDecoded(headers)
    this.#resolve({ status, statusText, headers, body })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#sink?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#sink?.end()
  }

  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void {
    const signal = this.#signal
    signal.removeEventListener('abort', this.#onAbort)
    const reason = signal.aborted ? signal.reason : error
    this.#sink?.fail(toNetworkError(reason))
    this.#reject(signal.aborted ? reason : toSendError(error, this.#connectMs))
    // undici 7 only closes an aborted stream of HTTP/2: Node keeps it, with up to 256 KiB that had come already,
    // until its end is read, which nobody does while it is paused.
    controller?.resume()
  }

  readonly #onAbort = (): void => {
    const { reason } = this.#signal
    this.#reject(reason)
    this.#controller?.abort(reason)
    this.#sink?.fail(toNetworkError(reason))
  }
}

/** The headers as they came: undici decodes them as UTF-8 in some versions, which changes their bytes. */
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

/** undici passes the reason on as an error of the socket, which Node wants to be one. */
function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('The answer was cancelled', { cause: reason })
}

function latin1(value: unknown): string {
  return typeof value === 'string' ? value : (value as Buffer).toString('latin1')
}

function utf8AsLatin1(value: string): string {
  return latin1(Buffer.from(value))
}
