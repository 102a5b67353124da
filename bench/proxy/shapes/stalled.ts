import { setTimeout as wait } from 'node:timers/promises'
import { StalledClient } from '../clients/stalled-client.ts'
import { AllSocketQueues } from '../processes/socket-queues.ts'
import type { RunningProxy, Usage } from '../proxies/running-proxy.ts'
import { chunksOf } from '../upstream/http-message.ts'
import type { Flood, UpstreamChild } from '../upstream/upstream-child.ts'

/** What one proxy holds for clients that read nothing. */
export interface StalledFigures {
  streams: number
  /** With none open. */
  none: Usage
  stalled: Usage
  /** After a garbage collection. */
  stalledCollected: Usage
  /**
   * Of each stream: body bytes that the proxy has read from the upstream's socket, less those that it has written to
   * the client's. Up to 4 KB too high: the upstream's last write may not have been accepted whole.
   */
  heldBytes: number[]
}

/** More than all kernel buffers, and an end for a proxy that never stops reading. */
const EVENTS_A_STREAM = 200_000
const POLL_MS = 250
const MAX_POLLS = 40

/** Opens streams that the upstream floods and no client reads, until the upstream can send no more. */
export async function measureStalled(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  streams: number,
): Promise<StalledFigures> {
  const none = await proxy.usageCollected()
  const clients = await Promise.all(
    Array.from({ length: streams }, (_, stream) => {
      const path = `${upstream.bytes.pathOf('flood', stream)}?events=${EVENTS_A_STREAM}`
      return StalledClient.connect(proxy.port, path)
    }),
  )
  const floods = await floodsAtRest(upstream, streams)
  const stalled = await proxy.usage()
  const stalledCollected = await proxy.usageCollected()
  const queues = new AllSocketQueues()
  const heldBytes: number[] = []
  for (const { stream, events, port } of floods) {
    const client = clients[stream] as StalledClient
    const inKernel = queues.of(upstream.port, port).send + queues.of(port, upstream.port).receive
    const readBytes = upstream.bytes.bodyBytes(
      stream,
      upstream.bytes.wireBytes(stream, events) - inKernel,
    )
    const toClient =
      queues.of(proxy.port, client.port).send + queues.of(client.port, proxy.port).receive
    heldBytes.push(readBytes - bodyBytesOf(await client.read(toClient)))
  }
  await upstream.reset()
  return { streams, none, stalled, stalledCollected, heldBytes }
}

/** Resolves when no stream was sent another event for a while. */
async function floodsAtRest(upstream: UpstreamChild, streams: number): Promise<Flood[]> {
  let before = ''
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    await wait(POLL_MS)
    const floods = await upstream.floods()
    const now = JSON.stringify(floods)
    if (floods.length === streams && now === before) return floods
    before = now
  }
  throw new Error(`Some of ${streams} streams that no client reads flow without end`)
}

/** Body bytes in the first bytes of a chunked response, of which the last chunk may be cut. */
function bodyBytesOf(bytes: Buffer): number {
  const start = bytes.indexOf('\r\n\r\n') + 4
  const { chunks, end } = chunksOf(bytes, start)
  const whole = chunks.reduce((sum, { length }) => sum + length, 0)
  const cutStart = bytes.indexOf('\r\n', end) + 2
  return whole + (cutStart > 1 ? bytes.length - cutStart : 0)
}
