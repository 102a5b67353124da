import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { proxyFetch, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { FrameSplitter, HeartbeatInjector } from 'sse-stream-kit/streams'
import { fakeUpstream, type RecordedRequest, step } from 'sse-stream-kit/testing'

/**
 * Goes once through the faults of a stream's life as a program of its own, for Node's strict mode: a promise
 * that nobody looks after ends it. It says how many streams it has seen the end of.
 */
const flood = function* () {
  for (;;) yield step.raw(`data: ${'x'.repeat(65_528)}\n\n`)
}
const upstream = fakeUpstream(function* ({ url }: RecordedRequest) {
  if (url.startsWith('/never')) yield step.never()
  if (url.startsWith('/flood')) yield* flood()
  yield step.raw('data: 1\n\ndata: ha')
  if (url.startsWith('/hang')) yield step.hang()
  if (url.startsWith('/reset') || url.startsWith('/cut')) yield step.wait(20)
  if (url.startsWith('/reset')) yield step.reset()
  if (url.startsWith('/cut')) yield step.cut()
})
const base = await upstream.listen()
let ends = 0
let tell: () => void = () => {}
const allEnded = new Promise<void>((resolve) => {
  tell = resolve
})
const onEnd = (): void => {
  if (++ends === 24) tell()
}
const proxy = sseProxy(base, {
  timeouts: { headersMs: 200, idleMs: 200, clientStallMs: 200 },
  heartbeat: { intervalMs: 5 },
  onUpstreamError: 'event-then-break',
  onEnd,
})
const server = createServer(toNodeHandler(proxy))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = server.address()
const port = typeof address === 'object' && address !== null ? address.port : 0

/** Sends a request, and leaves after so many milliseconds, or stays. */
function client(path: string, leaveAfterMs?: number, isPaused = false): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    if (isPaused) socket.pause()
    else socket.resume()
    socket.write(`GET ${path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`)
    if (leaveAfterMs !== undefined) setTimeout(() => socket.resetAndDestroy(), leaveAfterMs)
  })
}

const clients = [
  client('/never', 50),
  client('/never'),
  client('/hang', 50),
  client('/hang'),
  client('/flood', 100, true),
  client('/reset'),
  client('/cut'),
  client('/whole'),
  client('/flood', 600, true),
]
await Promise.all(clients)

// The fetch host, left in each of the ways there are.
for (const path of ['/hang', '/cut', '/reset', '/whole', '/never']) {
  for (const way of ['cancel', 'abort', 'forget'] as const) {
    const controller = new AbortController()
    const request = new Request(`http://client.test${path}`, { signal: controller.signal })
    if (path === '/never') setTimeout(() => controller.abort(), 20)
    const options = {
      timeouts: { clientStallMs: 50, idleMs: 50 },
      onEnd,
    }
    const response = await proxyFetch(request, base, options)
    if (way === 'cancel') await response.body?.cancel()
    else if (way === 'abort') controller.abort()
  }
}

// Streams that a user has piped and then dropped.
for (const path of ['/hang', '/cut', '/reset', '/flood']) {
  const response = await fetch(base + path)
  const reader = response.body
    ?.pipeThrough(new FrameSplitter())
    .pipeThrough(new HeartbeatInjector({ intervalMs: 5 }))
    .getReader()
  await reader?.read()
  await reader?.cancel()
}

await proxy.close({ drainMs: 0 })
server.closeAllConnections()
server.close()
// What is left of the forgotten streams ends by their limits; what holds no handle lets the process end.
await allEnded
await upstream.close()
process.stdout.write(`${ends} streams have ended\n`)
