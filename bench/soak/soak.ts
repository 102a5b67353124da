import { getEventListeners } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  connect,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { Agent } from 'undici'
import { toNodeHandler } from '../../src/node/to-node-handler.ts'
import { Budget } from '../../src/pipeline/budget.ts'
import { loopbackCertificate } from '../../test/support/loopback-certificate.ts'
import { judgeStream, type StreamSides } from './judge-stream.ts'
import { type Lane, LIMIT_MS, openLane } from './lane.ts'
import { leftovers, settledLeftovers } from './leftovers.ts'
import { runStream } from './run-stream.ts'
import { Sabotage, type SabotageKind } from './sabotage.ts'
import { slope } from './slope.ts'
import { SoakUpstream } from './soak-upstream.ts'
import { ROUTES, streamPlan } from './stream-plan.ts'
import { Tally } from './tally.ts'

export interface SoakOptions {
  streams: number
  /** No stream starts after this many seconds. */
  seconds: number
  seed: number
  /** How many streams run concurrently. */
  lanes: number
  sabotage?: SabotageKind | undefined
  onRound: (streams: number, heapBytes: number) => void
}

export interface SoakReport {
  tally: Tally
  seconds: number
  bytesPerStream: number
  /** Heap growth per stream, in bytes, above which it is a leak. */
  maxBytesPerStream: number
  breaches: string[]
}

const ROUNDS = 10
/** Sockets and timers end within a turn or their own limit; after that, nothing may be left. */
const SETTLES_WITHIN_MS = 6_000
/**
 * Divided by the streams, three times the deviation of the slope: the heap differed by 200 KB from one
 * checkpoint to the next, mostly by pooled connections. 10,000 streams detect 150 bytes per stream, and the 18 KB
 * that undici once leaked per HTTP/2 stream show in the shortest soak.
 */
const NOISE_BYTES = 1_500_000

/** Runs streams through proxies over real sockets, and then checks for deviations and leaks. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { streams, seconds, seed, lanes: laneCount, onRound } = options
  const startedAt = performance.now()
  const resourcesBefore = process.getActiveResourcesInfo()
  const warnings: string[] = []
  const onWarning = (warning: Error): void => void warnings.push(`warning: ${warning.message}`)
  process.on('warning', onWarning)
  const tally = new Tally()
  const sabotage = new Sabotage(options.sabotage)
  const shared = new AbortController()
  const upstream = new SoakUpstream()
  const { plain, secure } = await upstream.listen()
  const http2 = new Agent({ allowH2: true, connect: { ca: upstream.ca, timeout: LIMIT_MS } })
  const budget = new Budget({ maxBytes: 1_048_576 })
  const lanes = Array.from({ length: laneCount }, (_, index) =>
    openLane(ROUTES[index % ROUTES.length] ?? 'relayed', {
      plain,
      secure,
      http2,
      budget,
      metrics: tally,
    }),
  )
  const answering = lanes.map(({ handler }) => async (request: Request) => {
    return sabotage.response(await handler(request), shared.signal)
  })
  const handlers = answering.map((handler) => toNodeHandler(handler))
  let exchanges = 0
  const listener = (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
  ): void => {
    exchanges++
    void handlers[Number(req.url?.split('/')[1])]?.(req, res).then(() => exchanges--)
  }
  const tls = await loopbackCertificate()
  const server = createServer(listener)
  const secureServer = createSecureServer(tls, listener)
  for (const each of [server, secureServer]) {
    await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve))
  }
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secureOrigin = `https://127.0.0.1:${(secureServer.address() as AddressInfo).port}`
  const sessions = [0, 1, 2, 3].map(() => connect(secureOrigin, { ca: tls.cert }))
  for (const session of sessions) {
    session.on('error', (error) => void warnings.push(`HTTP/2 session: ${error.message}`))
  }

  const runOne = async (id: number): Promise<void> => {
    const index = id % laneCount
    const lane = lanes[index] as Lane
    const plan = streamPlan(seed, id, lane.route)
    const sides = await runStream(plan, {
      lane: { ...lane, handler: answering[index] ?? lane.handler },
      upstream,
      url: `${origin}/${index}/${id}`,
      // The streams of a lane alternate between the protocols.
      session: Math.floor(id / laneCount) % 2 === 1 ? sessions[index % 4] : undefined,
      signal: shared.signal,
      sabotage,
    })
    tally.add(plan, sides, sides === 'hung' ? ['hung'] : judgeStream(sides as StreamSides))
  }
  const isOver = (): boolean => performance.now() - startedAt > seconds * 1000
  const checkpoints: { x: number; y: number }[] = []
  for (let round = 1; round <= ROUNDS && !isOver(); round++) {
    const first = Math.floor((streams * (round - 1)) / ROUNDS)
    const last = Math.floor((streams * round) / ROUNDS)
    await Promise.all(
      lanes.map(async (_, index) => {
        const begin = first + ((index - (first % laneCount) + laneCount) % laneCount)
        for (let id = begin; id < last && !isOver(); id += laneCount) await runOne(id)
      }),
    )
    const y = await heapBytes()
    checkpoints.push({ x: tally.streams, y })
    onRound(tally.streams, y)
  }
  const breaches = [...tally.breaches]
  for (const { proxy } of lanes) {
    if (proxy !== undefined && proxy.metrics.active > 0) {
      breaches.push(`${proxy.metrics.active} streams are active in a proxy`)
    }
  }
  await Promise.all(lanes.map(({ proxy }) => proxy?.close({ drainMs: 0 })))
  await http2.destroy()
  for (const session of sessions) session.close()
  const [connections] = await Promise.all([
    settledLeftovers(() => (exchanges > 0 ? [`${exchanges} exchanges`] : []), SETTLES_WITHIN_MS),
    new Promise((resolve) => {
      server.close(resolve)
      server.closeIdleConnections()
    }),
    new Promise((resolve) => secureServer.close(resolve)),
    upstream.close(),
  ])
  breaches.push(...connections)
  if (budget.heldBytes > 0) breaches.push(`${budget.heldBytes} bytes are held by the budget`)
  const listeners = getEventListeners(shared.signal, 'abort').length
  if (listeners > 0) breaches.push(`${listeners} listeners are left on the shared signal`)
  const left = await settledLeftovers(
    () => leftovers(resourcesBefore, process.getActiveResourcesInfo()),
    SETTLES_WITHIN_MS,
  )
  breaches.push(...left.map((name) => `left over: ${name}`), ...warnings)
  const bytesPerStream = slope(checkpoints.slice(Math.floor(checkpoints.length / 2)))
  const maxBytesPerStream = Math.ceil(NOISE_BYTES / Math.max(tally.streams, 1))
  if (bytesPerStream > maxBytesPerStream) {
    breaches.push(`the heap grows by ${bytesPerStream.toFixed(0)} bytes a stream`)
  }
  if (tally.started !== tally.ended) {
    breaches.push(`${tally.started} streams were reported to start, ${tally.ended} to end`)
  }
  if (tally.started !== tally.streams) {
    breaches.push(`${tally.streams} streams, ${tally.started} were reported`)
  }
  sabotage.end()
  process.off('warning', onWarning)
  return {
    tally,
    seconds: (performance.now() - startedAt) / 1000,
    bytesPerStream,
    maxBytesPerStream,
    breaches,
  }
}

/** Memory in use after a garbage collection. */
async function heapBytes(): Promise<number> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('Cannot measure memory without --expose-gc')
  // Memory that a collection releases in its callbacks is free after the next one.
  for (let times = 0; times < 4; times++) {
    await turn()
    gc()
  }
  // External memory includes array buffers.
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
