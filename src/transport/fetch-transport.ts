import { isBodilessStatus } from '../http/bodiless-status.ts'
import { dropDecoded } from '../http/decoded-codings.ts'
import { FetchBody } from './fetch-body.ts'
import { toSendError } from './to-send-error.ts'
import type { Transport, TransportAnswer, TransportCall } from './transport.ts'

/**
 * Makes a transport of any `fetch`: the runtime's, one of the application's, or undici's.
 *
 * A `fetch` that ignores its signal is left behind when the signal aborts; what it answers later is cancelled.
 */
export function fetchTransport(fetch: typeof globalThis.fetch, connectMs: number): Transport {
  return {
    async send({ url, method, headers, body, signal }: TransportCall): Promise<TransportAnswer> {
      signal.throwIfAborted()
      return toAnswer(await settled(), method)

      async function settled(): Promise<Response> {
        try {
          return await orAborted(
            fetch(url.href, {
              method,
              // As pairs: a Headers object of one realm is no Headers object to the fetch of another.
              headers: [...headers],
              body,
              redirect: 'manual',
              signal,
              ...(body !== null && { duplex: 'half' }),
            } as RequestInit),
            signal,
          )
        } catch (error) {
          throw signal.aborted ? signal.reason : toSendError(error, connectMs)
        }
      }
    },
  }
}

function toAnswer(response: Response, method: string): TransportAnswer {
  const { status, statusText } = response
  const headers = new Headers()
  // Pair by pair, so that several Set-Cookie headers stay several.
  for (const [name, value] of response.headers) headers.append(name, value)
  if (response.body !== null && (method === 'HEAD' || isBodilessStatus(status))) {
    // Nothing comes, but a body that nobody reads would keep its socket from the next request.
    response.body.cancel().catch(() => {})
  } else if (response.body !== null) {
    dropDecoded(headers)
    return { status, statusText, headers, body: new FetchBody(response.body) }
  }
  return { status, statusText, headers, body: null }
}

function orAborted(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const onAnswer = (response: Response): void => {
      signal.removeEventListener('abort', onAbort)
      if (!signal.aborted) resolve(response)
      // It came too late for anybody to read it, and unread it would keep its socket.
      else response.body?.cancel(signal.reason).catch(() => {})
    }
    answer.then(onAnswer, (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(error)
    })
  })
}
