import { setTimeout as wait } from 'node:timers/promises'
import type { ProxyChild } from '../proxies/proxy-child.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { PacedClients } from './paced-clients.ts'

/** What an idle stream of one proxy holds on the heap, by the name of the class or function. */
export interface StreamObjects {
  kind: string
  /** Of each stream. */
  count: number
  /** Of each stream. */
  bytes: number
}

const FIRST_STREAMS = 100
const MORE_STREAMS = 200
const SETTLE_MS = 300

/** Compares the heap with some idle streams with that with more of them. */
export async function measureObjects(
  proxy: ProxyChild,
  upstream: UpstreamChild,
): Promise<StreamObjects[]> {
  await upstream.pace(0)
  const clients = [new PacedClients(proxy, upstream), new PacedClients(proxy, upstream)] as const
  await clients[0].open(FIRST_STREAMS, FIRST_STREAMS)
  await wait(SETTLE_MS)
  // The first snapshot leaves objects of its own.
  await proxy.heapObjects()
  const before = new Map(await proxy.heapObjects())
  await clients[1].open(MORE_STREAMS, MORE_STREAMS)
  await wait(SETTLE_MS)
  const after = await proxy.heapObjects()
  await upstream.reset()
  return after
    .map(([kind, { count, bytes }]) => ({
      kind,
      count: (count - (before.get(kind)?.count ?? 0)) / MORE_STREAMS,
      bytes: (bytes - (before.get(kind)?.bytes ?? 0)) / MORE_STREAMS,
    }))
    .sort((a, b) => b.bytes - a.bytes)
}
