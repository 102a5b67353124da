import { setTimeout as wait } from 'node:timers/promises'
import { StalledClient } from '../clients/stalled-client.ts'
import { AllSocketQueues } from '../processes/socket-queues.ts'
import type { RunningProxy, Usage } from '../proxies/running-proxy.ts'
import { chunksOf } from '../upstream/http-message.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'

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
const POLL_MS = 150
/** On a busy machine, a proxy may be given no time for a while. */
const EQUAL_POLLS = 3
const MAX_POLLS = 60

/**
 * Opens streams that the upstream floods and no client reads, until the upstream can send no more.
 *
 * @throws Error if what the clients then read is not what the upstream sent
 */
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
  const positions = await positionsAtRest(proxy, upstream, clients)
  const stalled = await proxy.usage()
  const stalledCollected = await proxy.usageCollected()
  const heldBytes: number[] = []
  for (const { stream, events, read, written } of positions) {
    const body = bodyOf(await (clients[stream] as StalledClient).read(written))
    const sent = upstream.bytes.bodyOf(stream, events)
    if (!sent.subarray(0, body.length).equals(body)) {
      throw new Error(`Flood ${stream} through ${proxy.name} delivered wrong bytes`)
    }
    heldBytes.push(upstream.bytes.bodyBytes(stream, read) - body.length)
  }
  await upstream.reset()
  return { streams, none, stalled, stalledCollected, heldBytes }
}

/** How far a proxy is in a stream, in bytes on the wire. */
interface Position {
  stream: number
  /** That the upstream has sent. */
  events: number
  /** From the upstream's socket. */
  read: number
  /** To the client's socket. */
  written: number
}

/** Resolves when nothing has moved for a while. */
async function positionsAtRest(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  clients: readonly StalledClient[],
): Promise<Position[]> {
  let before = ''
  let equal = 0
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    await wait(POLL_MS)
    const floods = await upstream.floods()
    if (floods.length < clients.length) continue
    const queues = new AllSocketQueues()
    const positions = floods.map(({ stream, events, port }): Position => {
      const sent = upstream.bytes.wireBytes(stream, events)
      const unread = queues.of(upstream.port, port).send + queues.of(port, upstream.port).receive
      const client = (clients[stream] as StalledClient).port
      const written = queues.of(proxy.port, client).send + queues.of(client, proxy.port).receive
      return { stream, events, read: sent - unread, written }
    })
    const now = JSON.stringify(positions)
    equal = now === before ? equal + 1 : 0
    if (equal === EQUAL_POLLS) return positions
    before = now
  }
  throw new Error(`Some of ${clients.length} streams that no client reads flow without end`)
}

/** The body in the first bytes of a chunked response, of which the last chunk may be cut. */
function bodyOf(bytes: Buffer): Buffer {
  const { chunks, end } = chunksOf(bytes, bytes.indexOf('\r\n\r\n') + 4)
  const lineEnd = bytes.indexOf('\r\n', end)
  if (lineEnd === -1) return Buffer.concat(chunks)
  const size = Number.parseInt(bytes.toString('latin1', end, lineEnd), 16)
  return Buffer.concat([...chunks, bytes.subarray(lineEnd + 2, lineEnd + 2 + size)])
}
