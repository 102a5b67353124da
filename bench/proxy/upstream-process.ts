// The upstream of the short requests and of the idle streams, in a process of its own, so that how busy it is can be
// told from the clients. It speaks minimal HTTP over bare sockets: `node:http` would use the rest of its core.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { chatEvents } from '../chat-events.ts'
import { chunkOf, EVENT_STREAM_HEAD, LAST_CHUNK } from './chunked-coding.ts'
import { parseMessage } from './http-message.ts'
import { SHORT_EXCHANGES } from './short-exchange.ts'

/** Message of the upstream's process: once when it listens, and on every request for it. */
export interface UpstreamReport {
  port: number
  cpuMicroseconds: number
  /** Streams that are open. */
  open: number
}

const SHORT_RESPONSES = new Map(
  SHORT_EXCHANGES.map(({ path, requestBody, responseBody }) => [
    path,
    {
      requestBody,
      bytes: Buffer.concat([EVENT_STREAM_HEAD, chunkOf(responseBody), LAST_CHUNK]),
    },
  ]),
)
const WRONG = Buffer.from('HTTP/1.1 500 Wrong Request\r\ncontent-length: 0\r\n\r\n')
const [firstEvent] = chatEvents(1, 5).chunks as [Uint8Array]
const IDLE_START = Buffer.concat([EVENT_STREAM_HEAD, chunkOf(firstEvent)])

const idle = new Set<Socket>()
const server = createServer((socket) => {
  socket.setNoDelay(true)
  // A proxy may close or reset a connection at any time; the clients count what is missing.
  socket.on('error', () => {})
  socket.on('close', () => idle.delete(socket))
  let held: Buffer | undefined
  socket.on('data', (bytes: Buffer) => {
    const all: Buffer = held === undefined ? bytes : Buffer.concat([held, bytes])
    const message = parseMessage(all)
    held = message === undefined ? all : undefined
    if (message !== undefined) respond(socket, message.head.split(' ', 2)[1] ?? '', message.body)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, report)
process.on('message', report)
process.on('disconnect', () => process.exit())

function respond(socket: Socket, path: string, body: Buffer): void {
  if (path.startsWith('/idle/')) {
    idle.add(socket)
    socket.write(IDLE_START)
    return
  }
  const response = SHORT_RESPONSES.get(path)
  socket.write(response?.requestBody.equals(body) ? response.bytes : WRONG)
}

function report(): void {
  const { user, system } = process.cpuUsage()
  const { port } = server.address() as AddressInfo
  const said: UpstreamReport = { port, cpuMicroseconds: user + system, open: idle.size }
  process.send?.(said)
}
