import type { Aborter } from '../base/aborter.ts'
import type { ByteSource } from '../base/byte-source.ts'
import { UpstreamNetworkError } from '../base/upstream-network-error.ts'
import { PeekedBody } from './peeked-body.ts'
import type { PhaseLimit } from './phase-limit.ts'

/**
 * Waits for a body's first event, and returns a body that begins with what was read.
 *
 * @throws UpstreamTimeoutError when the limit is due
 * @throws UpstreamNetworkError if the body breaks, or if an event stream ends without an event
 * @throws the reason of the aborter, as soon as it is aborted
 */
export async function peekFirstEvent(
  body: ByteSource,
  { isSse, maxBytes }: { isSse: boolean; maxBytes: number },
  aborter: Aborter,
  limit: PhaseLimit,
): Promise<ByteSource> {
  const peeked = new PeekedBody(body)
  // A `fetch` may ignore its signal: a pending read has to end all the same.
  const onAbort = (): void => void peeked.cancel(aborter.reason).catch(() => {})
  aborter.listen(onAbort)
  const stopLimit = limit.start(aborter)
  try {
    const hasEvent = await peeked.peek(isSse, maxBytes)
    aborter.throwIfAborted()
    if (!hasEvent && isSse) {
      throw new UpstreamNetworkError(new Error('The stream ended before its first event'))
    }
    return peeked
  } catch (error) {
    throw aborter.aborted ? aborter.reason : error
  } finally {
    stopLimit()
    aborter.unlisten(onAbort)
  }
}
