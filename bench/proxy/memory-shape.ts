import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { BenchChild } from './bench-child.ts'
import { table } from './figures.ts'
import type { ProxyChild } from './proxy-child.ts'
import type { UpstreamReport } from './upstream-process.ts'

/** Memory of one contender. */
export interface MemoryFigures {
  /** With no stream open, after a few have passed. */
  before: { rssBytes: number; heapBytes: number }
  /** With all streams open. */
  open: { rssBytes: number; heapBytes: number }
  streams: number
}

const WARM_UP_STREAMS = 50
/** Connections that are opened at the same time. */
const WAVE = 50
const SETTLE_MS = 300

/** Idle streams: each has received one event. The process should be a fresh one, since memory is not given back. */
export async function measureIdle(
  proxy: ProxyChild,
  upstream: BenchChild<UpstreamReport>,
  streams: number,
): Promise<MemoryFigures> {
  await close(await open(proxy.port, WARM_UP_STREAMS), upstream)
  await wait(SETTLE_MS)
  const before = await proxy.askCollected()
  const sockets = await open(proxy.port, streams)
  await wait(SETTLE_MS)
  const { rssBytes } = await proxy.ask()
  const { heapBytes } = await proxy.askCollected()
  await close(sockets, upstream)
  return { before, open: { rssBytes, heapBytes }, streams }
}

async function open(port: number, streams: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < streams) {
    const wave = Array.from(
      { length: Math.min(WAVE, streams - sockets.length) },
      async (_, index) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true })
        const path = `/idle/${sockets.length + index}/v1/chat/completions`
        socket.write(
          `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: bench/1.0\r\n\r\n`,
        )
        let received = ''
        while (!received.includes('\n\n')) {
          const [bytes] = await once(socket, 'data')
          received += (bytes as Buffer).toString('latin1')
        }
        return socket
      },
    )
    sockets.push(...(await Promise.all(wave)))
  }
  return sockets
}

/** Resolves when the upstream has no stream left. */
async function close(
  sockets: readonly Socket[],
  upstream: BenchChild<UpstreamReport>,
): Promise<void> {
  for (const socket of sockets) socket.destroy()
  while ((await upstream.ask('report')).open > 0) await wait(10)
}

export function memoryReport(results: ReadonlyMap<string, MemoryFigures>): string {
  const rows = [...results].map(([name, { before, open, streams }]) => [
    name,
    (before.rssBytes / 1e6).toFixed(0),
    (open.rssBytes / 1e6).toFixed(0),
    ((open.rssBytes - before.rssBytes) / 1000 / streams).toFixed(1),
    ((open.heapBytes - before.heapBytes) / 1000 / streams).toFixed(1),
  ])
  const head = [
    '',
    'resident without streams, MB',
    'with them, MB',
    'resident a stream, KB',
    'heap and buffers a stream after a collection, KB',
  ]
  return table(head, rows)
}
