import { connect, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { sseProxy } from 'sse-stream-kit'
import { toNodeHandler } from 'sse-stream-kit/node'
import { fakeUpstream, loopbackCertificate, step } from 'sse-stream-kit/testing'

/**
 * Sends requests over one HTTP/2 connection, four at a time, to a proxy whose upstream resets 10 ms after its first
 * event. A program of its own, because what goes wrong there ends the process.
 */
const count = Number(process.argv[2])
const tls = await loopbackCertificate()
const upstream = fakeUpstream([step.send({ data: '1' }), step.wait(10), step.reset()])
const proxy = sseProxy(await upstream.listen())
const server = createSecureServer(tls, toNodeHandler(proxy))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const session = connect(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, {
  ca: tls.cert,
})
const seen = new Map<string, number>()
let left = count
await Promise.all(
  [1, 2, 3, 4].map(async () => {
    while (left-- > 0) {
      const ending = await post()
      seen.set(ending, (seen.get(ending) ?? 0) + 1)
    }
  }),
)
process.stdout.write(`${JSON.stringify(Object.fromEntries(seen))}\n`)
session.close()
server.close()
await Promise.all([proxy.close(), upstream.close()])

function post(): Promise<string> {
  const stream = session.request({ ':method': 'POST', ':path': '/v1/x' })
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
