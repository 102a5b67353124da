import type { Dispatcher } from 'undici'
import { ForwardingHandler } from './forwarding-handler.ts'

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

class ResumingHandler extends ForwardingHandler {
  override onResponseError(
    ...given: Parameters<Required<Dispatcher.DispatchHandler>['onResponseError']>
  ): void {
    const [controller] = given
    controller?.resume()
    super.onResponseError(...given)
  }
}
