import { type ClientHttp2Session, connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from 'sse-stream-kit/node'
import { onTestFinished } from 'vitest'

/** A client's HTTP/2 connection to a server that this handler answers for; both close when the test is over. */
export async function http2To(
  handler: (request: Request) => Promise<Response>,
): Promise<ClientHttp2Session> {
  const server = createServer(toNodeHandler(handler))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    session.destroy()
    server.close()
  })
  return session
}
