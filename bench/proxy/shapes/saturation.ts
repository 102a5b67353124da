import { RawClient } from '../clients/raw-client.ts'
import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { type Busy, measureWindow } from './window.ts'

/** One round of one proxy: as many events as it can relay. */
export interface SaturationRound {
  eventsPerSecond: number
  cpuPerEvent: number
  /** Number of events, which all arrived. */
  events: number
  busy: Busy
}

export interface SaturationOptions {
  streams: number
  /** Of each stream. */
  events: number
}

/**
 * Sends streams as fast as the proxy takes them, each event in an HTTP chunk of its own, twenty of them in a packet.
 *
 * @throws Error if a client did not receive exactly the bytes that the upstream sent
 */
export async function measureSaturation(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  { streams, events }: SaturationOptions,
): Promise<SaturationRound> {
  const clients: RawClient[] = []
  const { cpu, seconds, busy } = await measureWindow(proxy, upstream, async () => {
    for (let stream = 0; stream < streams; stream++) {
      const path = `${upstream.bytes.pathOf('flood', stream)}?events=${events}`
      clients.push(new RawClient(proxy.port, path))
    }
    await Promise.all(clients.map((client) => client.ended))
  })
  for (const [stream, client] of clients.entries()) {
    const { body } = client.response()
    if (!body.equals(upstream.bytes.bodyOf(stream, events))) {
      throw new Error(`Flood ${stream} through ${proxy.name} delivered ${body.length} wrong bytes`)
    }
  }
  const sent = streams * (events + 1)
  return { eventsPerSecond: sent / seconds, cpuPerEvent: cpu / sent, events: sent, busy }
}
