import { once } from 'node:events'
import { Agent as HttpAgent, type RequestListener, request } from 'node:http'
import { Budget, type ProxyOptions, sseProxy } from 'sse-stream-kit'
import { StreamRegistry } from 'sse-stream-kit/metrics'
import { toNodeHandler } from 'sse-stream-kit/node'
import { Agent, fetch } from 'undici'

const PIPED = 'http.request().pipe(res)'
/** The baseline. */
export const FETCHED = 'undici fetch, read in a loop'
export const PROXIED = 'sseProxy: frames, metrics, heartbeat, watermark, limits'
const RESILIENT = 'sseProxy: the same, retry, breaker, budget, error events'
/** The contenders with a target. */
export const TARGETED: readonly string[] = [PROXIED, RESILIENT]

/** Ways to relay a stream, by name: from an origin to a listener for a `node:http` server. */
export const CONTENDERS: ReadonlyMap<string, (origin: string) => RequestListener> = new Map([
  [PIPED, piped],
  [FETCHED, fetched],
  [PROXIED, proxied],
  [RESILIENT, resilient],
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

/** The default: the fused relay with timeouts, reporting to a registry. */
const RELAYED: ProxyOptions = {
  heartbeat: { intervalMs: 15_000 },
  watermark: { highBytes: 65_536, lowBytes: 16_384 },
  onEnd: () => {},
}

function proxied(origin: string): RequestListener {
  return toNodeHandler(sseProxy(origin, { ...RELAYED, metrics: new StreamRegistry() }))
}

/** Every option that leaves the bytes unchanged: a `transform` would decode every event. */
function resilient(origin: string): RequestListener {
  const proxy = sseProxy(origin, {
    ...RELAYED,
    metrics: new StreamRegistry(),
    budget: new Budget({ maxBytes: 67_108_864 }),
    retry: {},
    breaker: {},
    forwarded: {},
    upstreamErrors: 'event-then-break',
  })
  return toNodeHandler(proxy)
}
