import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { PacedClients } from './paced-clients.ts'

/** One round of one proxy: many requests at the same moment. */
export interface AtOnceRound {
  firstByteMs: number[]
  /** Number of events, which all arrived. */
  events: number
}

/**
 * Opens streams at the same moment, each of one event and its terminal mark.
 *
 * @throws Error if a client did not receive exactly the bytes that the upstream sent
 */
export async function measureAtOnce(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  requests: number,
): Promise<AtOnceRound> {
  await upstream.pace(0)
  const clients = new PacedClients(proxy, upstream)
  const firstByteMs = await clients.open(requests, 0)
  return { firstByteMs, events: (await clients.end()).events }
}
