import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ProxyOptions, type StreamSummary, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import {
  type FakeUpstream,
  fakeUpstream,
  type SlowClient,
  slowClient,
  step,
  type UpstreamStep,
} from 'sse-stream-kit/testing'
import { expect, onTestFinished } from 'vitest'
import { loopbackCertificate } from '../support/loopback-certificate.ts'
import { within } from '../support/within.ts'

/** One way of several to run the same fault. */
export interface Cell {
  mode: 'relayed' | 'transformed' | 'not SSE'
  upstream: 'HTTP/1.1' | 'HTTP/2'
  host: 'fetch host' | 'node:http'
}

/** A request that runs through the proxy of a cell. */
export interface OpenCell {
  upstream: FakeUpstream
  /** The client's end; before the headers have come only `leave` works. */
  client: Promise<SlowClient>
  leave(): void
  /** Resolves to the one summary. */
  ended(): Promise<StreamSummary>
}

/** Every way to run a fault. */
export const CELLS: Cell[] = (['relayed', 'transformed', 'not SSE'] as const).flatMap((mode) =>
  (['HTTP/1.1', 'HTTP/2'] as const).flatMap((upstream) =>
    (['fetch host', 'node:http'] as const).map((host) => ({ mode, upstream, host })),
  ),
)

let certificate: Promise<{ key: string; cert: string }> | undefined

/** Sends one request through a proxy that stands as the cell says, in front of an upstream with these steps. */
export async function openCell(
  cell: Cell,
  steps: Iterable<UpstreamStep>,
  { paused = false, ...options }: ProxyOptions & { paused?: boolean } = {},
): Promise<OpenCell> {
  const headers = cell.mode === 'not SSE' ? { 'content-type': 'text/plain' } : {}
  const upstream = fakeUpstream(function* () {
    // What never sends a head must not send this one.
    let hasHead = false
    for (const next of steps) {
      if (!hasHead && next.kind === 'bytes') yield step.status(200, headers)
      hasHead ||= next.kind === 'bytes'
      yield next
    }
  })
  certificate ??= loopbackCertificate()
  const tls = cell.upstream === 'HTTP/2' ? await certificate : undefined
  let tell: (summary: StreamSummary) => void = () => {}
  const summary = new Promise<StreamSummary>((resolve) => {
    tell = resolve
  })
  const ended = (): Promise<StreamSummary> => within('the summary of the request', summary)
  let summaries = 0
  const proxy = sseProxy(await upstream.listen({ tls, http2: tls !== undefined }), {
    ...options,
    ...(tls && { pool: { allowH2: true, tls: { ca: tls.cert } } }),
    ...(cell.mode === 'transformed' && {
      transform: (event) => ({ ...event, data: `${event.data}!` }),
    }),
    onEnd: (summary) => {
      summaries++
      tell(summary)
    },
  })
  const server = createServer(toNodeHandler(proxy))
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
    await upstream.close()
    expect(summaries).toBe(1)
    expect(proxy.metrics).toMatchObject({ active: 0, started: 1 })
  })
  if (cell.host === 'node:http') {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const port = (server.address() as AddressInfo).port
    const client = slowClient(`http://127.0.0.1:${port}`, { paused })
    return { upstream, client: client.head.then(() => client), leave: () => client.leave(), ended }
  }
  const controller = new AbortController()
  const request = new Request('http://client.test/', { signal: controller.signal })
  const client = proxy(request).then((response) => slowClient(response, { paused }))
  return { upstream, client, leave: () => controller.abort(), ended }
}
