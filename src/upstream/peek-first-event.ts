import type { ByteSource } from '../base/byte-source.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { PeekedBody } from './peeked-body.ts'
import type { PhaseLimit } from './phase-limit.ts'

/**
 * Waits for a body's first event, and returns a body that begins with what was read.
 *
 * @throws UpstreamTimeoutError when the limit is due
 * @throws UpstreamNetworkError if the body breaks, or if an event stream ends without an event
 * @throws the reason of the controller, as soon as it is aborted
 */
export async function peekFirstEvent(
  body: ByteSource,
  { isSse, maxBytes }: { isSse: boolean; maxBytes: number },
  controller: AbortController,
  limit: PhaseLimit,
): Promise<ByteSource> {
  const { signal } = controller
  const peeked = new PeekedBody(body)
  // A `fetch` may ignore its signal: a pending read has to end all the same.
  const onAbort = (): void => void peeked.cancel(signal.reason).catch(() => {})
  signal.addEventListener('abort', onAbort, { once: true })
  const stopLimit = limit.start(controller)
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
    stopLimit()
    signal.removeEventListener('abort', onAbort)
  }
}
