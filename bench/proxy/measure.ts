import { setTimeout as wait } from 'node:timers/promises'
import type { PacedUpstream } from './paced-upstream.ts'
import type { ProxyChild } from './proxy-child.ts'
import { RawClient } from './raw-client.ts'

/** Result of one round of one contender. */
export interface Round {
  /** CPU time of the proxy's process per event, in microseconds. */
  cpuPerEvent: number
  rssBytes: number
  /** Number of events, which all arrived. */
  events: number
  firstByteMs: number[]
  /** Above 1 if the machine was so busy that events of a stream shared a chunk; they cost less then. */
  eventsPerChunk: number
}

export interface MeasureOptions {
  streams: number
  /** Duration of the CPU measurement. */
  windowMs: number
}

/** Streams start spread out: 300 connections at once would distort the time to the first byte. */
const OPENING_MS = 1000
/** Until all streams have started and the code is warmed up. */
const SETTLE_MS = 300

/**
 * Sends paced streams through a proxy, and measures the CPU time of its process while all of them run.
 *
 * @throws Error if a client did not receive exactly the bytes that the upstream sent
 */
export async function measure(
  proxy: ProxyChild,
  upstream: PacedUpstream,
  { streams, windowMs }: MeasureOptions,
): Promise<Round> {
  const clients: RawClient[] = []
  const startedAt = performance.now()
  for (let number = 0; number < streams; number++) {
    const earlyMs = startedAt + (number / streams) * OPENING_MS - performance.now()
    if (earlyMs > 0) await wait(earlyMs)
    clients.push(new RawClient(proxy.port, `/${number}`))
  }
  const firstByteMs = await Promise.all(clients.map((client) => client.firstByteMs))
  await wait(SETTLE_MS)
  const eventsBefore = upstream.sentEvents
  const before = await proxy.ask()
  await wait(windowMs)
  const eventsAfter = upstream.sentEvents
  const after = await proxy.ask()
  const sent = upstream.endStreams()
  let chunks = 0
  let events = 0
  for (const [number, client] of clients.entries()) {
    const answer = await client.answer
    const expected = sent.get(number)
    if (expected === undefined || !answer.body.equals(expected.bytes)) {
      throw new Error(
        `Stream ${number} delivered ${answer.body.length} bytes that are not the ${expected?.bytes.length} sent`,
      )
    }
    events += expected.events
    chunks += answer.chunks
  }
  return {
    cpuPerEvent: (after.cpuMicroseconds - before.cpuMicroseconds) / (eventsAfter - eventsBefore),
    rssBytes: after.rssBytes,
    firstByteMs,
    events,
    eventsPerChunk: events / chunks,
  }
}
