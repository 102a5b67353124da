import { connect, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, step } from 'sse-stream-kit/testing'
import { loopbackCertificate } from '../support/loopback-certificate.ts'

/**
 * Sends requests over one HTTP/2 connection to a proxy whose upstream resets 10 ms after its head, or after its
 * first event. A separate program, because a failure ends the process.
 *
 * After an event the break takes a second, so many of these requests are open at a time.
 */
const COURSES = [
  { path: '/head', lanes: 4 },
  { path: '/event', lanes: 100 },
] as const
/** Per scenario. */
const count = Number(process.argv[2])
const tls = await loopbackCertificate()
const upstream = fakeUpstream(({ url }) => [
  url === '/event' ? step.send({ data: '1' }) : step.raw('data: 1'),
  step.wait(10),
  step.reset(),
])
const proxy = sseProxy(await upstream.listen())
const server = createSecureServer(tls, toNodeHandler(proxy))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const session = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
  ca: tls.cert,
})
const seen = new Map<string, number>()
await Promise.all(
  COURSES.map(({ path, lanes }) => {
    let left = count
    const lane = async (): Promise<void> => {
      while (left-- > 0) {
        const ending = `${path} ${await post(path)}`
        seen.set(ending, (seen.get(ending) ?? 0) + 1)
      }
    }
    return Promise.all(Array.from({ length: lanes }, lane))
  }),
)
process.stdout.write(`${JSON.stringify(Object.fromEntries(seen))}\n`)
session.close()
server.close()
await Promise.all([proxy.close(), upstream.close()])

function post(path: string): Promise<string> {
  const stream = session.request({ ':method': 'POST', ':path': path })
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  stream.on('error', () => {})
  stream.end('{"stream":true}')
  return new Promise((resolve) => {
    stream.on('close', () => resolve(`${JSON.stringify(text)}, code ${stream.rstCode}`))
  })
}
