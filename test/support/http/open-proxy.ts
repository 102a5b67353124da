import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type ProxyOptions,
  type SseProxy,
  type StreamSummary,
  sseProxy,
  type Upstream,
} from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import {
  type FakeUpstream,
  fakeUpstream,
  type ServeOptions,
  type UpstreamScript,
} from 'sse-stream-kit/testing'
import { expect, onTestFinished } from 'vitest'
import { within } from '../within.ts'

export interface OpenProxy {
  /** The address for its clients. */
  url: string
  proxy: SseProxy
  upstream: FakeUpstream
  /** The summaries of ended requests, in the order of their ends. */
  summaries: StreamSummary[]
  /** The number of open client connections. */
  connections(): Promise<number>
  /** Resolves to the summary with this index once it exists. */
  ended(index?: number): Promise<StreamSummary>
}

export interface OpenProxyOptions extends ProxyOptions {
  /** Returns the proxy's upstream for the fake upstream's address. @default the address */
  to?: (upstreamUrl: string) => Upstream
  listen?: ServeOptions
}

/** A proxy in front of a fake upstream, both on real sockets, for as long as the test runs. */
export async function openProxy(
  script: UpstreamScript,
  { to = (url) => url, listen = {}, ...options }: OpenProxyOptions = {},
): Promise<OpenProxy> {
  const upstream = fakeUpstream(script)
  const summaries: StreamSummary[] = []
  const waiting: { index: number; resolve: (summary: StreamSummary) => void }[] = []
  const pairs = { started: 0, ended: 0 }
  const proxy = sseProxy(to(await upstream.listen(listen)), {
    metrics: {
      streamStarted: () => {
        pairs.started++
      },
      streamEnded: () => {
        pairs.ended++
      },
    },
    ...options,
    onEnd: (summary, context) => {
      summaries.push(summary)
      for (const { index, resolve } of waiting) {
        if (index === summaries.length - 1) resolve(summary)
      }
      options.onEnd?.(summary, context)
    },
  })
  const server = createServer(toNodeHandler(proxy))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await upstream.close()
    // In every test: each request is reported once, on every path.
    expect(proxy.metrics.active).toBe(0)
    expect(summaries).toHaveLength(proxy.metrics.started)
    if (options.metrics === undefined) {
      expect(pairs).toEqual({ started: summaries.length, ended: summaries.length })
    }
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    proxy,
    upstream,
    summaries,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
      }),
    ended: async (index = 0) =>
      summaries[index] ??
      (await within(
        () => `summary ${index} of the proxy, which has given ${summaries.length}`,
        new Promise<StreamSummary>((resolve) => waiting.push({ index, resolve })),
      )),
  }
}
