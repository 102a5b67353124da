import { setTimeout as wait } from 'node:timers/promises'
import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { PacedClients } from './paced-clients.ts'

/** How fast one proxy closes the upstream's connection after a client has left. */
export interface ClosesFigures {
  closeMs: number[]
  /** Streams that were still open {@link MAX_CLOSE_MS} after the last client had left. */
  unclosed: number
}

export const MAX_CLOSE_MS = 2000
const EVERY_MS = 20
/** Between two clients that leave. */
const LEAVE_EVERY_MS = 2
const OPEN_MS = 200

/** Clients leave one by one, while their streams flow. */
export async function measureCloses(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  streams: number,
): Promise<ClosesFigures> {
  await upstream.pace(EVERY_MS)
  const paced = new PacedClients(proxy, upstream)
  await paced.open(streams, OPEN_MS)
  await upstream.closes()
  const leftAt: number[] = []
  for (const client of paced.clients) {
    leftAt.push(client.leave())
    await wait(LEAVE_EVERY_MS)
  }
  const closedAt = new Map<number, number>()
  const deadline = performance.now() + MAX_CLOSE_MS
  while (closedAt.size < streams && performance.now() < deadline) {
    for (const [stream, atMs] of await upstream.closes()) closedAt.set(stream, atMs)
    await wait(20)
  }
  // Those of a proxy that does not close them.
  await upstream.reset()
  const closeMs = [...closedAt].map(([stream, atMs]) => atMs - (leftAt[stream] ?? Number.NaN))
  return { closeMs, unclosed: streams - closedAt.size }
}
