import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'

/** One request to an upstream. */
export interface UpstreamCall {
  url: string
  method: string
  headers: Headers
  body: ReadableStream<Uint8Array> | Uint8Array | null
  /** Aborts the request, and after its headers the body. */
  controller: AbortController
  fetch: typeof fetch
  connectMs: number
  headersMs: number
}

/**
 * Asks an upstream once and waits for its headers.
 *
 * @throws {@link UpstreamTimeoutError} with phase `connect` or `headers`
 * @throws {@link UpstreamNetworkError} for everything else that keeps the answer from coming
 * @throws the controller's reason, if it was aborted from outside
 */
export async function callUpstream(call: UpstreamCall): Promise<Response> {
  const { url, method, headers, body, controller, headersMs, connectMs } = call
  const { signal } = controller
  let timer: ReturnType<typeof setTimeout> | undefined
  if (headersMs !== Infinity) {
    timer = setTimeout(() => {
      controller.abort(new UpstreamTimeoutError('headers', headersMs))
    }, headersMs)
  }
  try {
    return await call.fetch(url, {
      method,
      // As pairs: a Headers object of one realm is no Headers object to the fetch of another.
      headers: [...headers],
      body: body as BodyInit | null,
      redirect: 'manual',
      signal,
      ...(body !== null && { duplex: 'half' }),
    } as RequestInit)
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

function causeCode(error: unknown): unknown {
  const { cause } = (error ?? {}) as { cause?: { code?: unknown } }
  return cause?.code
}
