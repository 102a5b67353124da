import { setTimeout as wait } from 'node:timers/promises'
import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { PacedClients } from './paced-clients.ts'
import { type Busy, measureWindow } from './window.ts'

/** One round of one proxy: many streams, each with an event now and then. */
export interface SteadyRound {
  /** CPU time of the proxy per event, in microseconds. */
  cpuPerEvent: number
  /** Number of events, which all arrived. */
  events: number
  /** Of each stream; up to 500 arrive evenly, while others flow. */
  firstByteMs: number[]
  /** Above 1 if the machine was so busy that events of a stream shared a chunk; they cost less then. */
  eventsPerChunk: number
  busy: Busy
}

export interface SteadyOptions {
  streams: number
  /** Between two events of a stream. */
  everyMs: number
  /** Duration of the measurement. */
  windowMs: number
}

/**
 * All streams at once would distort the time to the first byte. More than these would take too long: they arrive faster,
 * and before any of them flows.
 */
const SLOW_ARRIVALS = { streams: 500, aSecond: 500 }
const FAST_A_SECOND = 1000
/** Until all streams have started. */
const SETTLE_MS = 100

/**
 * Sends paced streams through a proxy, and measures its CPU time while all of them run.
 *
 * @throws Error if a client did not receive exactly the bytes that the upstream sent
 */
export async function measureSteady(
  proxy: RunningProxy,
  upstream: UpstreamChild,
  { streams, everyMs, windowMs }: SteadyOptions,
): Promise<SteadyRound> {
  const clients = new PacedClients(proxy, upstream)
  const isSlow = streams <= SLOW_ARRIVALS.streams
  await upstream.pace(isSlow ? everyMs : 0)
  const aSecond = isSlow ? SLOW_ARRIVALS.aSecond : FAST_A_SECOND
  const firstByteMs = await clients.open(streams, (streams / aSecond) * 1000)
  await wait(SETTLE_MS)
  // Begins and ends with no event on its way: on a busy machine, some would be paid for in another window.
  await upstream.pace(0)
  await clients.drained()
  const { cpu, events, busy } = await measureWindow(proxy, upstream, async () => {
    await upstream.pace(everyMs)
    await wait(windowMs)
    await upstream.pace(0)
    await clients.drained()
  })
  const arrived = await clients.end()
  if (!isSlow) {
    // The connections that the proxy keeps for later would leave too few files for the next one.
    await upstream.reset()
    await wait(SETTLE_MS)
  }
  return {
    cpuPerEvent: cpu / events,
    events: arrived.events,
    firstByteMs,
    eventsPerChunk: arrived.events / arrived.chunks,
    busy,
  }
}
