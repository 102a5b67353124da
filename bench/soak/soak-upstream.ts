import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { loopbackCertificate } from '../../test/support/loopback-certificate.ts'
import { Random } from './random.ts'
import type { Failure, StreamPlan } from './stream-plan.ts'

type Incoming = IncomingMessage | Http2ServerRequest
type Outgoing = (ServerResponse | Http2ServerResponse) & {
  write(chunk: Uint8Array): boolean
  writeHead(status: number, headers: Record<string, string>): unknown
}

/** What an upstream recorded of one stream. */
export interface UpstreamSide {
  plan: StreamPlan
  tries: number
  /** How many of its responses have neither ended nor failed. */
  open: number
  /** Whether a complete request body had another length than the client's. */
  isRequestWrong: boolean
  /** Called when the first request has arrived, and when the client's side stops reading. */
  onArrival: () => void
  onBlocked: () => void
}

const INTERNAL_ERROR = 2
/** The response of an upstream that fails temporarily. */
export const BUSY: Buffer = Buffer.from('{"error":"busy"}')
/** For an endless response: many frames per chunk. */
const FLOOD: Buffer = Buffer.from(`data: ${'z'.repeat(1_000)}\n\n`.repeat(64))
export const FLOOD_FRAME: Buffer = FLOOD.subarray(0, FLOOD.length / 64)

/**
 * The upstream of the soak, over HTTP/1.1 and HTTP/2: responds to a request for `/<lane>/<id>` by the plan of
 * that stream. Stores a stream only from `expect` to `forget`, so that the soak itself does not grow the heap.
 */
export class SoakUpstream {
  readonly #streams = new Map<number, UpstreamSide>()
  readonly #plain: Server
  #secure: Server | undefined
  readonly #sockets = new Set<{ destroy(): void }>()
  ca = ''

  constructor() {
    this.#plain = createServer(
      { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
      (incoming, outgoing) => void this.#answer(incoming, outgoing),
    )
  }

  /** Resolves to the origins over HTTP/1.1 and over HTTP/2. */
  async listen(): Promise<{ plain: string; secure: string }> {
    const tls = await loopbackCertificate()
    this.ca = tls.cert
    this.#secure = createSecureServer(tls, (incoming, outgoing) => {
      void this.#answer(incoming, outgoing as Outgoing)
    })
    const ports = []
    for (const server of [this.#plain, this.#secure]) {
      server.on('connection', (socket) => {
        this.#sockets.add(socket)
        socket.on('close', () => this.#sockets.delete(socket))
        // Errors are handled when the response closes; without a listener they would be uncaught.
        socket.on('error', () => {})
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      ports.push((server.address() as AddressInfo).port)
    }
    return { plain: `http://127.0.0.1:${ports[0]}`, secure: `https://127.0.0.1:${ports[1]}` }
  }

  expect(
    plan: StreamPlan,
    { onArrival, onBlocked }: Pick<UpstreamSide, 'onArrival' | 'onBlocked'>,
  ): UpstreamSide {
    const side = { plan, tries: 0, open: 0, isRequestWrong: false, onArrival, onBlocked }
    this.#streams.set(plan.id, side)
    return side
  }

  forget(id: number): void {
    this.#streams.delete(id)
  }

  async close(): Promise<void> {
    for (const server of [this.#plain, this.#secure]) {
      const closed = new Promise((resolve) => server?.close(resolve))
      for (const socket of this.#sockets) socket.destroy()
      await closed
    }
  }

  async #answer(incoming: Incoming, outgoing: Outgoing): Promise<void> {
    const side = this.#streams.get(Number(incoming.url?.split('/').at(-1)))
    if (side === undefined) {
      // The client left so early that the stream is no longer expected.
      breakOff(incoming, outgoing)
      return
    }
    const { plan } = side
    const failure = plan.failures[side.tries++]
    side.open++
    const over = new AbortController()
    const { socket } = incoming
    const onClose = (): void => {
      outgoing.off('close', onClose)
      socket.off('close', onClose)
      side.open--
      over.abort()
    }
    outgoing.on('close', onClose)
    // A response that is queued after another one emits no event when its connection closes.
    socket.on('close', onClose)
    outgoing.on('error', () => {})
    let received = 0
    incoming.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    incoming.on('end', () => {
      // An HTTP/2 stream that was reset ends like a complete one.
      if ('stream' in incoming && incoming.stream.rstCode !== 0) return
      // After a complete response undici ends an upload that it abandons.
      if (outgoing.writableEnded) return
      if (received !== plan.requestBytes) side.isRequestWrong = true
    })
    incoming.on('error', () => {})
    side.onArrival()
    try {
      if (failure === undefined) await act(side, incoming, outgoing, over.signal)
      else fail(failure, incoming, outgoing)
    } catch (error) {
      if (!over.signal.aborted) throw error
    }
  }
}

function fail(failure: Failure, incoming: Incoming, outgoing: Outgoing): void {
  if (failure === 'refused') {
    breakOff(incoming, outgoing)
    return
  }
  const isStatus = failure === 'status'
  outgoing.writeHead(isStatus ? 503 : 200, {
    'content-type': isStatus ? 'application/json' : 'text/event-stream',
    ...(isStatus && { 'retry-after': '0' }),
  })
  outgoing.end(isStatus ? BUSY : ': no event will come\n\n')
}

async function act(
  side: UpstreamSide,
  incoming: Incoming,
  outgoing: Outgoing,
  over: AbortSignal,
): Promise<void> {
  const { plan } = side
  const random = new Random(plan.actSeed)
  const [course] = plan.scenario.split('/')
  if (random.next() < 0.3) await wait(random.between(0, 8), undefined, { signal: over })
  switch (course) {
    case 'silent-head':
      return
    case 'refused':
      return breakOff(incoming, outgoing)
    case 'empty':
      outgoing.writeHead(204, {})
      outgoing.end()
      return
    case 'error':
    case 'json':
      outgoing.writeHead(plan.status, { 'content-type': 'application/json' })
      outgoing.end(plan.json)
      return
    case 'endless':
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
      return await flood(side, outgoing, over)
  }
  const isCoded = course === 'gzip'
  outgoing.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    ...(isCoded && { 'content-encoding': 'gzip' }),
  })
  if (course === 'silent-start') {
    outgoing.write(Buffer.from(': open\n'))
    return
  }
  const body = Buffer.concat([...plan.sent, plan.tail])
  await trickle(isCoded ? gzipSync(body) : body, outgoing, random, over)
  if (course === 'silent-middle') return
  if (course === 'cut') return cut(incoming, outgoing)
  if (course === 'reset') return breakOff(incoming, outgoing)
  outgoing.end()
}

/** Writes in chunks of random size, sometimes with a delay. */
async function trickle(
  body: Buffer,
  outgoing: Outgoing,
  random: Random,
  over: AbortSignal,
): Promise<void> {
  const longest = random.pick([40, 200, 800, 100_000])
  for (let at = 0; at < body.length; ) {
    const piece = body.subarray(at, at + random.between(1, longest))
    at += piece.length
    outgoing.write(piece)
    const pace = random.next()
    if (pace < 0.25) await wait(random.between(0, 6), undefined, { signal: over })
    if (over.aborted) return
  }
}

async function flood(side: UpstreamSide, outgoing: Outgoing, over: AbortSignal): Promise<void> {
  let onRoom = (): void => {}
  outgoing.on('drain', () => onRoom())
  over.addEventListener('abort', () => onRoom())
  while (!over.aborted) {
    if (outgoing.write(FLOOD)) continue
    const blocked = setTimeout(() => side.onBlocked(), 60)
    await new Promise<void>((resolve) => {
      onRoom = resolve
    })
    clearTimeout(blocked)
  }
}

/** Ends the connection in the middle of a response: FIN without a last chunk. */
function cut(incoming: Incoming, outgoing: Outgoing): void {
  if ('createPushResponse' in outgoing) breakOff(incoming, outgoing)
  else incoming.socket.end()
}

function breakOff(incoming: Incoming, outgoing: Outgoing): void {
  if ('createPushResponse' in outgoing) outgoing.stream.close(INTERNAL_ERROR)
  else incoming.socket.resetAndDestroy()
}
