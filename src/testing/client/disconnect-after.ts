import { checkNumber } from '../../base/check-number.ts'
import type { StreamVerdict } from '../../base/stream-verdict.ts'
import { EventCounter } from '../../wire/event-counter.ts'
import type { ClientRequest } from './client-request.ts'
import { clientSource } from './client-source.ts'

/** When the client leaves: exactly one of `bytes` and `events`. And what it asks for. */
export interface DisconnectAfterOptions extends ClientRequest {
  /** So many bytes of the body have arrived, or more if the last chunk was longer; 0 for when the head has. */
  bytes?: number | undefined
  /** So many events have arrived, or more if the last chunk held more; 0 for when the head has. */
  events?: number | undefined
}

/** What a client had got when it left, or when the answer ended before it wanted to. */
export interface DisconnectedAfter {
  status: number
  bytes: number
  events: number
  /** `cancelled` if the client left; `complete` or `error` if the response was over before. */
  verdict: StreamVerdict
}

/**
 * Reads an answer up to some point and then leaves, as a reader does who closes the tab.
 *
 * - Holds one chunk.
 * - Backpressure: reads as fast as the other side gives; see {@link slowClient} for less.
 * - Cancel: that is what it does; over a socket, by destroying the socket.
 * - Error: an answer that broke before is `verdict: 'error'`; one without a head rejects.
 *
 * @throws TypeError, by rejection, unless exactly one of `bytes` and `events` is given
 * @throws RangeError, by rejection, for one below 0
 *
 * @example The upstream learns that its reader has gone
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
  const got = { status: (await client.head).status, bytes: 0, events: 0 }
  const isEnough = (): boolean =>
    got.bytes >= (bytes ?? Infinity) || got.events >= (events ?? Infinity)
  while (!isEnough()) {
    let chunk: Uint8Array | undefined
    try {
      chunk = await client.read()
    } catch {
      return { ...got, verdict: 'error' }
    }
    if (chunk === undefined) return { ...got, verdict: 'complete' }
    counter.count(chunk)
    got.bytes += chunk.length
    got.events = counter.events
  }
  client.leave()
  return { ...got, verdict: 'cancelled' }
}
