// The upstream of the idle streams and their clients, so that the process of the proxy holds nothing else.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { chatEvents } from '../chat-events.ts'
import { chunkOf, EVENT_STREAM_HEAD } from '../proxy/upstream/chunked-coding.ts'

/** Asks for streams from the proxy at a port. */
export interface PeerOrder {
  port: number
  streams: number
}

const EVENTS = 4
const BODY = JSON.stringify({
  model: 'm',
  stream: true,
  messages: [{ role: 'user', content: 'x' }],
})

const { chunks } = chatEvents(EVENTS, 5)
const upstream = createServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', async () => {
    socket.write(EVENT_STREAM_HEAD)
    for (const chunk of chunks) {
      socket.write(chunkOf(chunk))
      await wait(20)
    }
  })
})
upstream.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  process.send?.((upstream.address() as AddressInfo).port)
})
process.on('message', (order: PeerOrder) => void open(order))
process.on('disconnect', () => process.exit())

/** Opens the streams, and tells once each has received all events. */
async function open({ port, streams }: PeerOrder): Promise<void> {
  for (let opened = 0; opened < streams; opened++) await receive(port)
  process.send?.('open')
}

async function receive(port: number): Promise<void> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: bench/1.0\r\n` +
      'content-type: application/json\r\nauthorization: Bearer none\r\naccept: text/event-stream\r\n' +
      `content-length: ${BODY.length}\r\n\r\n${BODY}`,
  )
  let received = ''
  while (received.split('\ndata: {').length <= EVENTS) {
    const [bytes] = await once(socket, 'data')
    received += (bytes as Buffer).toString('latin1')
  }
}
