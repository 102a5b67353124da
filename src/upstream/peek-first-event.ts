import type { ByteSource } from '../base/byte-source.ts'
import { startDeadline } from '../base/deadline.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { UpstreamTimeoutError } from '../base/upstream-timeout-error.ts'
import { PeekedBody } from './peeked-body.ts'
import type { PhaseLimit } from './phase-limit.ts'

/**
 * Waits for a body's first event, and returns what stands for the body from then on.
 *
 * @throws UpstreamTimeoutError if it takes too long
 * @throws UpstreamNetworkError if the body breaks, or if an event stream ends without one
 * @throws the controller's reason, if it was aborted from outside
 */
export async function peekFirstEvent(
  body: ByteSource,
  { isSse, maxBytes }: { isSse: boolean; maxBytes: number },
  controller: AbortController,
  { phase, timeoutMs, leftMs }: PhaseLimit,
): Promise<ByteSource> {
  const { signal } = controller
  const peeked = new PeekedBody(body)
  // Not every `fetch` breaks its body with its signal: a read that is waiting has to end all the same.
  const onAbort = (): void => void peeked.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = startDeadline(leftMs, () =>
    controller.abort(new UpstreamTimeoutError(phase, timeoutMs)),
  )
  try {
    const hasEvent = await peeked.peek(isSse, maxBytes)
    signal.throwIfAborted()
    if (!hasEvent && isSse) {
      throw new UpstreamNetworkError(new Error('The stream ended before its first event'))
    }
    return peeked
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
