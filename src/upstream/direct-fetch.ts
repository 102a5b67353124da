import { type Dispatcher, fetch as undiciFetch } from 'undici'
import { isEventStreamType } from '../http/media-type.ts'
import { DirectBody } from './direct-body.ts'
import { ForwardingHandler } from './forwarding-handler.ts'

/**
 * Makes a `fetch` over a dispatcher that gives event streams a {@link DirectBody}.
 *
 * All but their bytes goes through undici's `fetch`. Encoded bodies go through it as a whole, as it decodes them.
 */
export function directFetch(dispatcher: Dispatcher): typeof fetch {
  const direct = async (url: string, init: Record<string, unknown>): Promise<unknown> => {
    const call = new DirectCall(dispatcher)
    const response = await undiciFetch(url, {
      ...init,
      // With them undici 8.0 makes a network error of a 401 that answers a streamed body.
      credentials: 'omit',
      dispatcher: call as unknown as Dispatcher,
    })
    call.body?.becomeBodyOf(response as unknown as Response)
    return response
  }
  return direct as unknown as typeof fetch
}

/** What `fetch` takes for a dispatcher: one call of it. */
class DirectCall {
  body: DirectBody | undefined
  readonly #dispatcher: Dispatcher

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#dispatcher.dispatch(
      options,
      handler.onRequestStart === undefined
        ? new LegacyHandler(handler, this)
        : new DirectHandler(handler, this),
    )
  }
}

/** Between a connection and `fetch`: takes the bytes of an event stream away from it. */
class DirectHandler extends ForwardingHandler {
  readonly #call: DirectCall

  constructor(handler: Dispatcher.DispatchHandler, call: DirectCall) {
    super(handler)
    this.#call = call
  }

  override onResponseStart(...given: Parameters<Handler['onResponseStart']>): void {
    const [controller, status, headers] = given
    if (isDirect(status, Object.entries(headers))) {
      this.#call.body = new DirectBody(() => controller.resume())
    }
    super.onResponseStart(...given)
  }

  override onResponseData(...given: Parameters<Handler['onResponseData']>): void {
    const [controller, chunk] = given
    const { body } = this.#call
    if (body === undefined) super.onResponseData(...given)
    else if (!body.push(chunk)) controller.pause()
  }
}

/** The same, in the form that the `fetch` of undici 7 has. */
class LegacyHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #call: DirectCall

  constructor(handler: Dispatcher.DispatchHandler, call: DirectCall) {
    this.#handler = handler
    this.#call = call
  }

  onConnect(...given: Parameters<Handler['onConnect']>): void {
    this.#handler.onConnect?.(...given)
  }

  onUpgrade(...given: Parameters<Handler['onUpgrade']>): void {
    this.#handler.onUpgrade?.(...given)
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onHeaders(...given: Parameters<Handler['onHeaders']>): boolean {
    const [status, headers, resume] = given
    if (isDirect(status, pairs(headers))) this.#call.body = new DirectBody(resume)
    return this.#handler.onHeaders?.(...given) ?? true
  }

  onData(chunk: Buffer): boolean {
    const { body } = this.#call
    return body === undefined ? (this.#handler.onData?.(chunk) ?? true) : body.push(chunk)
  }

  onComplete(...given: Parameters<Handler['onComplete']>): void {
    this.#handler.onComplete?.(...given)
  }

  onError(error: Error): void {
    this.#handler.onError?.(error)
  }
}

type Handler = Required<Dispatcher.DispatchHandler>

function isDirect(status: number, headers: Iterable<[unknown, unknown]>): boolean {
  if (status !== 200) return false
  let isEventStream = false
  for (const [name, value] of headers) {
    const known = String(name).toLowerCase()
    if (known === 'content-encoding') return false
    if (known === 'content-type') isEventStream = isEventStreamType(String(value))
  }
  return isEventStream
}

/** Names and values of raw headers, which come one after the other. */
function* pairs(headers: readonly unknown[]): Iterable<[unknown, unknown]> {
  for (let index = 0; index + 1 < headers.length; index += 2) {
    yield [headers[index], headers[index + 1]]
  }
}
