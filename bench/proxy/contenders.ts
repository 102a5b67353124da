import { once } from 'node:events'
import { Agent as HttpAgent, type RequestListener, request } from 'node:http'
import { Budget, sseProxy } from 'sse-stream-kit'
import { StreamRegistry } from 'sse-stream-kit/metrics'
import { toNodeHandler } from 'sse-stream-kit/node'
import { Agent, fetch } from 'undici'

const PIPED = 'http.request().pipe(res)'
/** The contender that others are compared with. */
export const FETCHED = 'undici fetch, read in a loop'
/** The one that has a target. */
export const PROXIED = 'sseProxy, everything on'

/** Ways to pass a stream on, by name; the origin in, a listener for a `node:http` server out. */
export const CONTENDERS: ReadonlyMap<string, (origin: string) => RequestListener> = new Map([
  [PIPED, piped],
  [FETCHED, fetched],
  [PROXIED, proxied],
])

function piped(origin: string): RequestListener {
  const agent = new HttpAgent({ keepAlive: true })
  return (req, res) => {
    request(origin + req.url, { agent }, (answer) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      answer.pipe(res)
    }).end()
  }
}

function fetched(origin: string): RequestListener {
  const dispatcher = new Agent()
  return async (req, res) => {
    const { body } = await fetch(origin + req.url, { dispatcher })
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    const reader = (body as ReadableStream<Uint8Array>).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (!res.write(value)) await once(res, 'drain')
    }
    res.end()
  }
}

/** All that leaves the bytes alone: a `transform` decodes every event, which is another piece of work. */
function proxied(origin: string): RequestListener {
  const proxy = sseProxy(origin, {
    heartbeat: { intervalMs: 15_000 },
    watermark: { highBytes: 65_536, lowBytes: 16_384 },
    budget: new Budget({ maxBytes: 67_108_864 }),
    metrics: new StreamRegistry(),
    retry: {},
    breaker: {},
    forwarded: {},
    onUpstreamError: 'event-then-break',
    onEnd: () => {},
  })
  return toNodeHandler(proxy)
}
