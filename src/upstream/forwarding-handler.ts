import type { Dispatcher } from 'undici'

type Handler = Required<Dispatcher.DispatchHandler>

/** What undici tells a handler of a request, told to another; for those who want to change a part of it. */
export class ForwardingHandler implements Dispatcher.DispatchHandler {
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

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
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
    this.#handler.onResponseError?.(...given)
  }
}
