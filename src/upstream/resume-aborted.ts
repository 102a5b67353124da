import type { Dispatcher } from 'undici'

/**
 * Lets a response that was aborted while it was held back flow on into nothing.
 *
 * undici 7 closes such a stream of HTTP/2 and no more: Node keeps a closed stream until its end has been read,
 * which nobody does, and with it up to 256 KiB that had come already, for as long as the connection lasts.
 * undici 8 destroys it.
 */
export const resumeAborted: Dispatcher.DispatcherComposeInterceptor =
  (dispatch) => (options, handler) =>
    dispatch(options, new ResumingHandler(handler))

class ResumingHandler implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  onRequestStart(...given: Parameters<Handler['onRequestStart']>): void {
    this.#handler.onRequestStart?.(...given)
  }

  onRequestUpgrade(...given: Parameters<Handler['onRequestUpgrade']>): void {
    this.#handler.onRequestUpgrade?.(...given)
  }

  onResponseStart(...given: Parameters<Handler['onResponseStart']>): void {
    this.#handler.onResponseStart?.(...given)
  }

  onResponseData(...given: Parameters<Handler['onResponseData']>): void {
    this.#handler.onResponseData?.(...given)
  }

  onResponseEnd(...given: Parameters<Handler['onResponseEnd']>): void {
    this.#handler.onResponseEnd?.(...given)
  }

  onResponseError(...given: Parameters<Handler['onResponseError']>): void {
    const [controller] = given
    controller?.resume()
    this.#handler.onResponseError?.(...given)
  }
}

type Handler = Required<Dispatcher.DispatchHandler>
