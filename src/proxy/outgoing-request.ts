import { SseKitError } from '../base/sse-kit-error.ts'
import { type HeaderChanges, type HeadersLike, headerChanges } from '../http/header-changes.ts'
import { replacePath } from '../http/request-url.ts'
import type { Exchange, OutgoingRequest } from './exchange.ts'
import type { ProxySettings } from './proxy-settings.ts'

/**
 * Calls the application's functions for the path and the headers of a request, once for all attempts.
 *
 * Waits for each for at most `headersMs`, and not beyond the end of the exchange.
 *
 * @throws {@link SseKitError} with `SSE_REQUEST_SETUP` for a function that throws, rejects, times out or returns what
 * cannot be sent; with `SSE_BAD_REQUEST` for a path with dot segments
 */
export async function outgoingRequest(
  exchange: Exchange,
  { pathFor, headersFor, headers, timeouts }: ProxySettings,
): Promise<OutgoingRequest> {
  const { client, context } = exchange
  const waitMs = timeouts.headersMs

  const call = async <T>(name: 'path' | 'headers', run: () => T | PromiseLike<T>): Promise<T> => {
    // Asynchronous, so that a synchronous throw becomes a rejection.
    const returned = (async () => run())().catch((cause: unknown) => {
      throw failed(`The function ${name} of the application threw`, cause)
    })
    return context.waitFor(returned, waitMs, () =>
      failed(
        `The function ${name} of the application did not settle within ${waitMs} ms (timeouts.headersMs)`,
      ),
    )
  }

  const pathOf = async (pathFor: NonNullable<ProxySettings['pathFor']>): Promise<URL> => {
    // A copy: the function may change it.
    const url = new URL(client.url)
    const path = await call('path', () => pathFor(url, client))
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw failed(
        `path must return a string that begins with "/": got ${typeof path === 'string' ? JSON.stringify(path) : `a ${typeof path}`}`,
      )
    }
    const replaced = replacePath(url, path)
    if (replaced === undefined) {
      throw new SseKitError('SSE_BAD_REQUEST', 'The path for the upstream has a dot segment')
    }
    return replaced
  }

  const outgoing: OutgoingRequest = {
    url: pathFor === undefined ? client.url : await pathOf(pathFor),
    headers:
      headersFor === undefined
        ? headers
        : changes(await call('headers', () => headersFor(client.request))),
  }
  if (client.isBodyRead) {
    throw failed(
      'The body of the request was read by the function path or headers: read that of request.clone()',
    )
  }
  return outgoing
}

function changes(given: HeadersLike): HeaderChanges {
  try {
    return headerChanges(given)
  } catch (cause) {
    throw failed('The function headers returned what cannot be sent', cause)
  }
}

function failed(message: string, cause?: unknown): SseKitError {
  return new SseKitError('SSE_REQUEST_SETUP', message, cause === undefined ? {} : { cause })
}
