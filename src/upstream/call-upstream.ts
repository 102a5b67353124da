import { startDeadline } from '../base/deadline.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { type TimeoutPhase, UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import { DirectBody } from './direct-body.ts'

/** One request to an upstream. */
export interface UpstreamCall {
  url: string
  method: string
  headers: Headers
  body: ReadableStream<Uint8Array> | null
  /** Aborts the request, and after its headers the body. */
  controller: AbortController
  fetch: typeof fetch
  connectMs: number
  /** What the wait for the headers is limited by. */
  limit: { phase: TimeoutPhase; timeoutMs: number; leftMs: number }
}

/**
 * Asks an upstream once and waits for its headers.
 *
 * @throws {@link UpstreamTimeoutError} with phase `connect`, `headers` or `total`
 * @throws {@link UpstreamNetworkError} for everything else that keeps the answer from coming
 * @throws the controller's reason, if it was aborted from outside
 */
export async function callUpstream(call: UpstreamCall): Promise<Response> {
  const { url, method, headers, body, controller, connectMs, limit } = call
  const { signal } = controller
  signal.throwIfAborted()
  const timer = startDeadline(limit.leftMs, () =>
    controller.abort(new UpstreamTimeoutError(limit.phase, limit.timeoutMs)),
  )
  try {
    const answer = call.fetch(url, {
      method,
      // As pairs: a Headers object of one realm is no Headers object to the fetch of another.
      headers: [...headers],
      body,
      redirect: 'manual',
      signal,
      ...(body !== null && { duplex: 'half' }),
    } as RequestInit)
    return await orAborted(answer, signal)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (causeCode(error) === 'UND_ERR_CONNECT_TIMEOUT') {
      throw new UpstreamTimeoutError('connect', connectMs, { cause: error })
    }
    throw new UpstreamNetworkError(error)
  } finally {
    clearTimeout(timer)
  }
}

/** Not every `fetch` minds its signal: the wait ends with the signal also where the call itself goes on. */
function orAborted(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const onAnswer = (response: Response): void => {
      signal.removeEventListener('abort', onAbort)
      if (!signal.aborted) resolve(response)
      // It came too late for anybody to read it, and unread it would keep its socket.
      else
        DirectBody.of(response)
          ?.cancel(signal.reason)
          .catch(() => {})
    }
    answer.then(onAnswer, (error) => {
      signal.removeEventListener('abort', onAbort)
      reject(error)
    })
  })
}

function causeCode(error: unknown): unknown {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  return cause?.code
}
