// The upstream of all shapes, in a process of its own, so that how busy it is can be told from the clients. It speaks
// minimal HTTP over bare sockets: `node:http` would use the rest of its core.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { FloodStream } from './flood-stream.ts'
import { parseMessage } from './http-message.ts'
import { PacedStreams } from './paced-streams.ts'
import { shortResponse } from './short-responses.ts'
import { type Api, StreamBytes } from './stream-bytes.ts'

/** What the process is asked; it responds to each with a report. */
export type UpstreamQuestion =
  | { ask: 'report' | 'end' | 'reset' | 'closes' | 'floods' }
  | { ask: 'pace'; everyMs: number }

/** Message of the upstream's process: once when it listens, and on every question. */
export interface UpstreamReport {
  port: number
  cpuMicroseconds: number
  /** Events of paced streams so far. */
  sentEvents: number
  /** Paced streams that are open. */
  open: number
  /**
   * On `end` the number of each paced stream and of its events before the terminal mark. On `closes` the number of
   * each paced stream that the proxy has closed since the last `closes`, and the time of the monotonic clock. On
   * `floods` the number of each flood, its events so far, and the port of the proxy.
   */
  rows: number[][]
}

const bytes = new StreamBytes(process.argv[2] as Api)
const paced = new PacedStreams(bytes)
const sockets = new Set<Socket>()
const floods = new Map<Socket, FloodStream>()
let closes: number[][] = []

const server = createServer((socket) => {
  socket.setNoDelay(true)
  sockets.add(socket)
  // A proxy may close or reset a connection at any time; the clients count what is missing.
  socket.on('error', () => onClose(socket))
  socket.on('end', () => onClose(socket))
  socket.on('close', () => {
    sockets.delete(socket)
    onClose(socket)
  })
  let held: Buffer | undefined
  socket.on('data', (received: Buffer) => {
    const all: Buffer = held === undefined ? received : Buffer.concat([held, received])
    const message = parseMessage(all)
    held = message === undefined ? all : undefined
    if (message === undefined) return
    respond(socket, message.head.split(' ', 2)[1] ?? '', message.body)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => report())
process.on('message', (question: UpstreamQuestion) => {
  if (question.ask === 'pace') paced.everyMs = question.everyMs
  if (question.ask === 'reset') reset()
  report(rowsFor(question.ask))
})
process.on('disconnect', () => process.exit())

function respond(socket: Socket, path: string, body: Buffer): void {
  const [, kind, number] = path.split('/')
  if (kind === 'paced') paced.start(socket, Number(number))
  else if (kind === 'flood') {
    const events = Number(/\?events=(\d+)/.exec(path)?.[1] ?? Infinity)
    floods.set(socket, new FloodStream(socket, bytes, Number(number), events))
  } else socket.write(shortResponse(path, body))
}

function onClose(socket: Socket): void {
  floods.delete(socket)
  const number = paced.remove(socket)
  if (number !== undefined) closes.push([number, Number(process.hrtime.bigint()) / 1e6])
}

function reset(): void {
  for (const socket of sockets) {
    paced.remove(socket)
    socket.destroy()
  }
  floods.clear()
}

function rowsFor(ask: UpstreamQuestion['ask']): number[][] {
  if (ask === 'end') return paced.end()
  if (ask === 'floods') {
    return [...floods.values()].map((flood) => [
      flood.number,
      flood.writtenEvents,
      flood.remotePort,
    ])
  }
  if (ask !== 'closes') return []
  const rows = closes
  closes = []
  return rows
}

function report(rows: number[][] = []): void {
  const { user, system } = process.cpuUsage()
  const { port } = server.address() as AddressInfo
  const said: UpstreamReport = {
    port,
    cpuMicroseconds: user + system,
    sentEvents: paced.sentEvents,
    open: paced.open,
    rows,
  }
  process.send?.(said)
}
