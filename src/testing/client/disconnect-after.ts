import { checkNumber } from '../../base/check-number.ts'
import type { StreamVerdict } from '../../base/stream-verdict.ts'
import { EventCounter } from '../../wire/event-counter.ts'
import type { ClientRequest } from './client-request.ts'
import { clientSource } from './client-source.ts'

/** The request, and when the client disconnects: exactly one of `bytes` and `events`. */
export interface DisconnectAfterOptions extends ClientRequest {
  /** Disconnects once at least this many bytes of the body have arrived; 0: after the head. @default none */
  bytes?: number | undefined
  /** Disconnects once at least this many events have arrived; 0: after the head. @default none */
  events?: number | undefined
}

/** What a client had received when it disconnected, or when the response ended before. */
export interface DisconnectedAfter {
  status: number
  bytes: number
  events: number
  /** `cancelled` if the client disconnected; `complete` or `error` if the response ended before. */
  verdict: StreamVerdict
}

/**
 * Reads a response up to a point and then disconnects, as a browser does when its tab is closed.
 *
 * - Holds one chunk.
 * - Backpressure: reads as fast as the server sends; {@link slowClient} reads slowly.
 * - Cancel: disconnects by destroying the socket, or by cancelling the body of a `Response`.
 * - Error: a response that breaks before is `verdict: 'error'`; without a response head, the promise rejects.
 *
 * @throws TypeError, by rejection, unless exactly one of `bytes` and `events` is given
 * @throws RangeError, by rejection, for one below 0
 *
 * @example The upstream sees that its client has disconnected
 * ```ts
 * import { disconnectAfter, fakeUpstream, step } from 'sse-stream-kit/testing'
 *
 * const upstream = fakeUpstream([step.send({ data: '1' }), step.hang()])
 * await disconnectAfter(await upstream.listen(), { events: 1 })
 * const request = await upstream.request()
 * await request.closed
 * console.log(request.aborted) // true
 * await upstream.close()
 * ```
 */
export async function disconnectAfter(
  source: string | URL | Response,
  { bytes, events, ...request }: DisconnectAfterOptions,
): Promise<DisconnectedAfter> {
  if ((bytes === undefined) === (events === undefined)) {
    throw new TypeError(`Exactly one of bytes and events must be given: got ${bytes} and ${events}`)
  }
  if (bytes !== undefined) checkNumber('bytes', bytes, { min: 0 })
  if (events !== undefined) checkNumber('events', events, { min: 0 })

  const client = clientSource(source, request)
  const counter = new EventCounter()
  const received = { status: (await client.head).status, bytes: 0, events: 0 }
  const hasEnough = (): boolean =>
    received.bytes >= (bytes ?? Infinity) || received.events >= (events ?? Infinity)
  while (!hasEnough()) {
    let chunk: Uint8Array | undefined
    try {
      chunk = await client.read()
    } catch {
      return { ...received, verdict: 'error' }
    }
    if (chunk === undefined) return { ...received, verdict: 'complete' }
    counter.count(chunk)
    received.bytes += chunk.length
    received.events = counter.events
  }
  client.leave()
  return { ...received, verdict: 'cancelled' }
}
