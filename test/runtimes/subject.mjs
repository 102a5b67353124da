// Runs on each runtime: a fetch handler whose route `/check/NAME` runs one check inside the runtime,
// and whose other routes are relayed to the upstream, for a client outside it.
import { proxyFetch, sseProxy } from 'sse-stream-kit'
import { healthHandler, metricsHandler, StreamRegistry } from 'sse-stream-kit/metrics'
import {
  EventMap,
  FrameSplitter,
  HeartbeatInjector,
  MetricsTap,
  relay,
  SseDecoder,
  SseEncoder,
  sseResponse,
} from 'sse-stream-kit/streams'

const bytesOf = (text) => new Response(text).body
const request = (path, init) => new Request(`http://client.test${path}`, init)

function equal(actual, wanted) {
  const [found, expected] = [actual, wanted].map((value) => JSON.stringify(value))
  if (found !== expected) throw new Error(`Got ${found}, not ${expected}`)
}

/** Reads until the text ends with what is wanted. */
async function readUntil(reader, wanted) {
  let text = ''
  while (!text.endsWith(wanted)) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`Ended with ${JSON.stringify(text)}`)
    text += new TextDecoder().decode(value)
  }
  return text
}

async function rejects(promise) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  if (error === undefined) throw new Error('It did not fail')
  return error
}

/** A proxy, and a promise of its first summary. */
function proxyTo(upstream, options = {}) {
  let onEnd
  const ended = new Promise((resolve) => {
    onEnd = resolve
  })
  return { proxy: sseProxy(upstream, { ...options, onEnd }), ended }
}

const CHECKS = {
  'transforms, piped': async () => {
    const text = await new Response(
      bytesOf('data: one\r\n\r\n: hi\n\ndata: two\n\n')
        .pipeThrough(new FrameSplitter())
        .pipeThrough(new SseDecoder())
        .pipeThrough(new EventMap(({ data }) => ({ data: data.toUpperCase() })))
        .pipeThrough(new SseEncoder())
        .pipeThrough(new HeartbeatInjector({ atStart: true })),
    ).text()
    equal(text, ': keepalive\n\ndata: ONE\n\ndata: TWO\n\n')
  },
  'stages, fused by relay': async () => {
    let summary
    const stages = [
      FrameSplitter.stage(),
      MetricsTap.stage({
        onEnd: (given) => {
          summary = given
        },
      }),
      HeartbeatInjector.stage(),
    ]
    equal(
      await new Response(relay(bytesOf('data: 1\n\ndata: 2\n\n'), stages)).text(),
      'data: 1\n\ndata: 2\n\n',
    )
    equal(summary.events, 2)
  },
  sseResponse: async () => {
    async function* words() {
      yield { event: 'word', data: 'Grüße' }
    }
    const response = sseResponse(words())
    equal(response.headers.get('cache-control'), 'no-cache, no-transform')
    equal(await response.text(), 'event: word\ndata: Grüße\n\n')
  },
  'relay of the proxy, byte for byte': async (upstream) => {
    const { proxy, ended } = proxyTo(upstream)
    const response = await proxy(request('/events'))
    equal(await response.text(), 'data: 1\r\n\r\n: comment\n\ndata: 2\n\n')
    equal((await ended).verdict, 'complete')
    await proxy.close()
  },
  'each event at once': async (upstream) => {
    const { proxy } = proxyTo(upstream)
    const id = crypto.randomUUID()
    const reader = (await proxy(request(`/gated?id=${id}`))).body.getReader()
    equal(await readUntil(reader, '\n\n'), 'data: 1\n\n')
    await fetch(`${upstream}/open?id=${id}`)
    equal(await readUntil(reader, '\n\n'), 'data: 2\n\n')
    await reader.cancel()
    await proxy.close()
  },
  'body of the request': async (upstream) => {
    const { proxy } = proxyTo(upstream)
    const response = await proxy(request('/echo', { method: 'POST', body: '{"stream":true}' }))
    equal(await response.text(), '{"stream":true}')
    await proxy.close()
  },
  'a redirect is passed on': async (upstream) => {
    const { proxy } = proxyTo(upstream)
    const { status, headers } = await proxy(request('/redirect'))
    equal([status, headers.get('location')], [302, '/events'])
    await proxy.close()
  },
  'a gzipped stream is decoded': async (upstream) => {
    const { proxy } = proxyTo(upstream)
    const response = await proxy(request('/gzip'))
    equal([await response.text(), response.headers.get('content-encoding')], ['data: 1\n\n', null])
    await proxy.close()
  },
  heartbeats: async (upstream) => {
    const { proxy } = proxyTo(upstream, { heartbeat: { intervalMs: 20, frame: ':\n\n' } })
    const reader = (await proxy(request('/silent'))).body.getReader()
    equal(await readUntil(reader, ':\n\n:\n\n'), ':\n\n:\n\n')
    await reader.cancel()
    await proxy.close()
  },
  'cancel closes the upstream': async (upstream) => {
    const { proxy, ended } = proxyTo(upstream)
    const id = crypto.randomUUID()
    const { body } = await proxy(request(`/silent?id=${id}`))
    await body.cancel()
    equal(await (await fetch(`${upstream}/closed?id=${id}`)).text(), 'closed')
    equal((await ended).verdict, 'client_gone')
    await proxy.close()
  },
  'abort before the headers closes the upstream': async (upstream) => {
    const { proxy, ended } = proxyTo(upstream)
    const id = crypto.randomUUID()
    const controller = new AbortController()
    const answer = proxy(request(`/never?id=${id}`, { signal: controller.signal }))
    await fetch(`${upstream}/asked?id=${id}`)
    controller.abort()
    await answer
    equal(await (await fetch(`${upstream}/closed?id=${id}`)).text(), 'closed')
    equal((await ended).verdict, 'client_gone')
    await proxy.close()
  },
  'broken upstream breaks the stream': async (upstream) => {
    const { proxy, ended } = proxyTo(upstream)
    const id = crypto.randomUUID()
    const reader = (await proxy(request(`/broken?id=${id}`))).body.getReader()
    equal(await readUntil(reader, '\n\n'), 'data: 1\n\n')
    await fetch(`${upstream}/open?id=${id}`)
    await rejects(reader.read())
    const { verdict, code } = await ended
    equal([verdict, code], ['upstream_error', 'SSE_UPSTREAM_NETWORK'])
    await proxy.close()
  },
  'refused connection is a 502': async () => {
    const { proxy } = proxyTo('http://127.0.0.1:9')
    equal((await proxy(request('/'))).status, 502)
    await proxy.close()
  },
  'idle timeout': async (upstream) => {
    const { proxy, ended } = proxyTo(upstream, { timeouts: { firstEventMs: 30 } })
    const { body } = await proxy(request('/silent'))
    equal((await rejects(body.getReader().read())).code, 'SSE_UPSTREAM_TIMEOUT')
    equal((await ended).phase, 'first_event')
    await proxy.close()
  },
  'own CA in pool.tls': async (_upstream, { secureUpstream, ca }) => {
    const { proxy } = proxyTo(secureUpstream, { pool: { tls: { ca } } })
    equal(await (await proxy(request('/events'))).text(), 'data: 1\r\n\r\n: comment\n\ndata: 2\n\n')
    await proxy.close()
  },
  'close() with a running stream': async (upstream) => {
    const { proxy } = proxyTo(upstream)
    const id = crypto.randomUUID()
    const { body } = await proxy(request(`/silent?id=${id}`))
    await proxy.close({ drainMs: 0 })
    equal((await rejects(body.getReader().read())).code, 'SSE_DRAINING')
    equal(await (await fetch(`${upstream}/closed?id=${id}`)).text(), 'closed')
    equal((await proxy(request('/events'))).status, 503)
  },
  'metrics and health': async (upstream) => {
    const registry = new StreamRegistry()
    await (
      await proxyFetch(request('/events'), upstream, { metrics: registry.sink('chat') })
    ).text()
    const text = await (await metricsHandler(registry)(request('/metrics'))).text()
    if (!/sse_\w+_total\{[^}]*route="chat"/.test(text))
      throw new Error(`No figures in ${text.slice(0, 300)}`)
    equal((await healthHandler(registry)(request('/health'))).status, 200)
  },
}

/** @param settings `{ upstream, secureUpstream, ca }` */
export function subject(settings) {
  const { upstream } = settings
  let proxy
  return async (given) => {
    const { pathname } = new URL(given.url)
    if (pathname === '/checks') return Response.json(Object.keys(CHECKS))
    if (!pathname.startsWith('/check/')) {
      proxy ??= sseProxy(upstream)
      return proxy(given)
    }
    try {
      await CHECKS[decodeURIComponent(pathname.slice('/check/'.length))](upstream, settings)
      return Response.json({ isOk: true })
    } catch (error) {
      return Response.json({ isOk: false, error: String(error?.stack ?? error) })
    }
  }
}
