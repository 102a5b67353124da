import {
  type ProxyOptions,
  type SseProxy,
  type StreamSummary,
  sseProxy,
  type Upstream,
  type Upstreams,
} from 'sse-stream-kit'
import { type FakeUpstream, fakeUpstream, type UpstreamScript } from 'sse-stream-kit/testing'
import { expect, onTestFinished } from 'vitest'

export interface SeveralUpstreams {
  proxy: SseProxy
  upstreams: FakeUpstream[]
  urls: string[]
  summaries: StreamSummary[]
  /** Sends a request to the proxy as a fetch-style host does. */
  send(init?: RequestInit & { path?: string; duplex?: 'half' }): Promise<Response>
  /** The number of requests that each upstream has received. */
  asked(): number[]
}

/** A proxy in front of fake upstreams on real sockets, for as long as the test runs. */
export async function severalUpstreams(
  scripts: readonly UpstreamScript[],
  {
    to = (urls) => urls,
    ...options
  }: ProxyOptions & { to?: (urls: string[]) => readonly Upstream[] | Upstreams } = {},
): Promise<SeveralUpstreams> {
  const upstreams = scripts.map((script) => fakeUpstream(script))
  const urls = await Promise.all(upstreams.map((upstream) => upstream.listen()))
  const summaries: StreamSummary[] = []
  const proxy = sseProxy(to(urls), { ...options, onEnd: (summary) => summaries.push(summary) })
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    await Promise.all(upstreams.map((upstream) => upstream.close()))
    expect(proxy.metrics.active).toBe(0)
    expect(summaries).toHaveLength(proxy.metrics.started)
  })
  return {
    proxy,
    upstreams,
    urls,
    summaries,
    send: ({ path = '/v1/chat/completions', ...init } = {}) =>
      proxy(new Request(`http://proxy.test${path}`, { method: 'POST', body: '{}', ...init })),
    asked: () => upstreams.map(({ requests }) => requests.length),
  }
}
