import type { RunningProxy, Usage } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'

/** What was used between two moments. */
export interface Window {
  /** Of the proxy, in microseconds. */
  cpu: number
  seconds: number
  /** Events of paced streams that the upstream sent. */
  events: number
  /** Of the proxy at the end. */
  usage: Usage
  /** Shares of a core. */
  busy: Busy
}

/** A proxy can only be compared while the generators have time left. */
export interface Busy {
  proxy: number
  clients: number
  upstream: number
}

/** Measures what proxy, upstream and clients use while something goes on. */
export async function measureWindow(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  during: () => Promise<unknown>,
): Promise<Window> {
  const snapshot = async () => ({
    upstream: await upstream.report(),
    usage: await proxy.usage(),
    clients: process.cpuUsage(),
    at: performance.now(),
  })
  const before = await snapshot()
  await during()
  const after = await snapshot()
  const micros = (after.at - before.at) * 1000
  const cpu = after.usage.cpuMicroseconds - before.usage.cpuMicroseconds
  const clients =
    after.clients.user + after.clients.system - before.clients.user - before.clients.system
  return {
    cpu,
    seconds: micros / 1e6,
    events: after.upstream.sentEvents - before.upstream.sentEvents,
    usage: after.usage,
    busy: {
      proxy: cpu / micros,
      clients: clients / micros,
      upstream: (after.upstream.cpuMicroseconds - before.upstream.cpuMicroseconds) / micros,
    },
  }
}
