import type { Aborter } from '../base/aborter.ts'
import { isBodilessStatus } from '../http/bodiless-status.ts'
import { dropDecoded } from '../http/decoded-codings.ts'
import { FetchBody } from './fetch-body.ts'
import { toSendError } from './to-send-error.ts'
import type { Transport, TransportCall, TransportResponse } from './transport.ts'

/**
 * Makes a transport on any `fetch`: the runtime's, one of the application's, or undici's.
 *
 * Does not wait for a `fetch` that ignores the abort of its signal, and cancels the response of a late one.
 *
 * @param init options of the runtime's own, for each call
 */
export function fetchTransport(
  fetch: typeof globalThis.fetch,
  connectMs: number,
  init: object = {},
): Transport {
  return {
    async send({ url, method, headers, body, aborter }: TransportCall): Promise<TransportResponse> {
      aborter.throwIfAborted()
      // A fetch sets the length of bytes itself, and Node's rejects a second one.
      const isStream = body !== null && !(body instanceof Uint8Array)
      return toResponse(await fetched(), method)

      async function fetched(): Promise<Response> {
        try {
          return await orAborted(
            fetch(url.href, {
              ...init,
              method,
              // As pairs, because a fetch does not recognize the Headers class of another realm.
              headers: [...headers].filter(([name]) => isStream || name !== 'content-length'),
              body,
              redirect: 'manual',
              signal: aborter.signal,
              ...(isStream && { duplex: 'half' }),
            } as RequestInit),
            aborter,
          )
        } catch (error) {
          throw aborter.aborted ? aborter.reason : toSendError(error, connectMs)
        }
      }
    },
  }
}

function toResponse(response: Response, method: string): TransportResponse {
  const { status, statusText } = response
  const headers = new Headers()
  // Pair by pair, so that several Set-Cookie headers stay several.
  for (const [name, value] of response.headers) headers.append(name, value)
  if (response.body !== null && (method === 'HEAD' || isBodilessStatus(status))) {
    // It is empty, but an unread body keeps its socket from the next request.
    response.body.cancel().catch(() => {})
  } else if (response.body !== null) {
    dropDecoded(headers)
    return { status, statusText, headers, body: new FetchBody(response) }
  }
  return { status, statusText, headers, body: null }
}

function orAborted(fetched: Promise<Response>, aborter: Aborter): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(aborter.reason)
    aborter.listen(onAbort)
    if (aborter.aborted) onAbort()
    const onResponse = (response: Response): void => {
      aborter.unlisten(onAbort)
      if (!aborter.aborted) resolve(response)
      // Too late to be read, and an unread body keeps its socket.
      else response.body?.cancel(aborter.reason).catch(() => {})
    }
    fetched.then(onResponse, (error) => {
      aborter.unlisten(onAbort)
      reject(error)
    })
  })
}
