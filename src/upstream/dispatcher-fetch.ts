import { Dispatcher } from 'undici'
import { directFetch } from './direct-fetch.ts'

/** Any dispatcher of undici 7 or 8, such as its `ProxyAgent` or `EnvHttpProxyAgent`. */
export interface DispatcherLike {
  dispatch(options: never, handler: never): boolean
}

/**
 * Makes a `fetch` over a dispatcher of the application, which may come from another copy of undici.
 *
 * The dispatcher's own limits for headers and body are off for these requests: the proxy times both itself.
 */
export function dispatcherFetch(dispatcher: DispatcherLike): typeof fetch {
  const relay = new Dispatcher()
  relay.dispatch = (options, handler) => {
    const untimed = { ...options, headersTimeout: 0, bodyTimeout: 0 }
    return dispatcher.dispatch(untimed as never, handler as never)
  }
  // The `fetch` of undici 7 has handlers of a form that undici 8 refuses. Composed, they get the newer one too.
  return directFetch(relay.compose((dispatch) => dispatch))
}
