import { setTimeout as wait } from 'node:timers/promises'
import type { RunningProxy, Usage } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { PacedClients } from './paced-clients.ts'

/** Memory of one proxy. */
export interface MemoryFigures {
  streams: number
  /** After a few streams have passed, with none open. */
  none: Usage
  /** With all streams open, each after its first event. */
  idle: Usage
  /** The same after a garbage collection. */
  idleCollected: Usage
  /** While each stream receives events. */
  flowing: Usage
  /** Number of events, which all arrived. */
  events: number
}

const WARM_UP_STREAMS = 50
const STREAMS_A_SECOND = 2000
const SETTLE_MS = 200

/**
 * Opens idle streams and then lets them flow. The proxy should be a fresh one: a process keeps what it once had.
 *
 * @throws Error if a client did not receive exactly the bytes that the upstream sent
 */
export async function measureMemory(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  { streams, everyMs, flowMs }: { streams: number; everyMs: number; flowMs: number },
): Promise<MemoryFigures> {
  await upstream.pace(0)
  const first = new PacedClients(proxy, upstream)
  await first.open(WARM_UP_STREAMS, 0)
  const warmUp = await first.end()
  await wait(SETTLE_MS)
  const none = await proxy.usageCollected()
  const clients = new PacedClients(proxy, upstream)
  await clients.open(streams, (streams / STREAMS_A_SECOND) * 1000)
  await wait(SETTLE_MS)
  const idle = await proxy.usage()
  const idleCollected = await proxy.usageCollected()
  await upstream.pace(everyMs)
  await wait(flowMs)
  const flowing = await proxy.usage()
  const { events } = await clients.end()
  return { streams, none, idle, idleCollected, flowing, events: events + warmUp.events }
}
