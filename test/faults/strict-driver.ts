import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { proxyFetch, sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { FrameSplitter, HeartbeatInjector } from 'sse-stream-kit/streams'
import { fakeUpstream, type RecordedRequest, step } from 'sse-stream-kit/testing'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

/**
 * Goes once through the faults of a stream's life as a program of its own, for Node's strict mode: a promise
 * that nobody looks after ends it. It says how many streams it has seen the end of.
 */
const script = function* ({ url }: RecordedRequest) {
  if (url === '/never') yield step.never()
  while (url === '/flood') yield step.raw(`data: ${'x'.repeat(65_528)}\n\n`)
  yield step.raw('data: 1\n\ndata: ha')
  if (url === '/hang') yield step.hang()
  if (url === '/reset' || url === '/cut') yield step.wait(20)
  if (url === '/reset') yield step.reset()
  if (url === '/cut') yield step.cut()
}
const plain = fakeUpstream(script)
const plainUrl = await plain.listen()
const tls = await loopbackCertificate()
const http2 = fakeUpstream(script)
const http2Url = await http2.listen({ tls, http2: true })

const STREAMS = 9 + 9 + 15
let ends = 0
let tell: () => void = () => {}
const allEnded = new Promise<void>((resolve) => {
  tell = resolve
})
const onEnd = (): void => {
  if (++ends === STREAMS) tell()
}

await throughNode(plainUrl)
await throughNode(http2Url)
await throughFetch()
await throughPipes()
await allEnded
await Promise.all([plain.close(), http2.close()])
// What holds no handle any more lets the process end.
process.stdout.write(`${ends} streams have ended\n`)

/** Clients over sockets, in front of a Node server. */
async function throughNode(upstreamUrl: string): Promise<void> {
  const proxy = sseProxy(upstreamUrl, {
    timeouts: { headersMs: 200, idleMs: 200, clientStallMs: 200 },
    heartbeat: { intervalMs: 5 },
    upstreamErrors: 'event-then-break',
    pool: { allowH2: true, tls: { ca: tls.cert } },
    onEnd,
  })
  const server = createServer(toNodeHandler(proxy))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const client = (path: string, leaveAfterMs?: number, isPaused = false): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.on('close', () => resolve())
      if (!isPaused) socket.resume()
      socket.write(`GET ${path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n`)
      if (leaveAfterMs !== undefined) setTimeout(() => socket.resetAndDestroy(), leaveAfterMs)
    })
  await Promise.all([
    client('/never', 50),
    client('/never'),
    client('/hang', 50),
    client('/hang'),
    client('/flood', 100, true),
    client('/reset'),
    client('/cut'),
    client('/whole'),
    client('/flood', 600, true),
  ])
  await proxy.close({ drainMs: 0 })
  server.closeAllConnections()
  server.close()
}

/** A host that calls the handler itself, and leaves in each of the ways there are. */
async function throughFetch(): Promise<void> {
  for (const path of ['/hang', '/cut', '/reset', '/whole', '/never']) {
    for (const way of ['cancel', 'abort', 'forget'] as const) {
      const controller = new AbortController()
      const request = new Request(`http://client.test${path}`, { signal: controller.signal })
      if (path === '/never') setTimeout(() => controller.abort(), 20)
      const timeouts = { clientStallMs: 50, idleMs: 50 }
      const response = await proxyFetch(request, plainUrl, { timeouts, onEnd })
      if (way === 'cancel') await response.body?.cancel()
      else if (way === 'abort') controller.abort()
    }
  }
}

/** Streams that a user has piped and then dropped. */
async function throughPipes(): Promise<void> {
  for (const path of ['/hang', '/cut', '/reset', '/flood']) {
    const response = await fetch(plainUrl + path)
    const reader = response.body
      ?.pipeThrough(new FrameSplitter())
      .pipeThrough(new HeartbeatInjector({ intervalMs: 5 }))
      .getReader()
    await reader?.read()
    await reader?.cancel()
  }
}
