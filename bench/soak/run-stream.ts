import type { ClientHttp2Session } from 'node:http2'
import { setImmediate as turn } from 'node:timers/promises'
import type { Client, ClientActs, ClientSide } from './client-side.ts'
import { fetchClient } from './fetch-client.ts'
import { httpClient } from './http-client.ts'
import { http2Client } from './http2-client.ts'
import type { StreamSides } from './judge-stream.ts'
import type { Lane } from './lane.ts'
import { Random } from './random.ts'
import type { Sabotage } from './sabotage.ts'
import type { SoakUpstream } from './soak-upstream.ts'
import type { StreamPlan } from './stream-plan.ts'

/** Environment of a stream. */
export interface StreamContext {
  lane: Lane
  upstream: SoakUpstream
  /** Origin of the lane. */
  url: string
  /** Set if the client uses HTTP/2. */
  session: ClientHttp2Session | undefined
  signal: AbortSignal
  sabotage: Sabotage
}

/** A stream that takes longer hangs: many times the longest limit. */
const HANGS_AFTER_MS = 60_000

/** Runs the plan of one stream, and returns the records of its three sides, or that it hung. */
export async function runStream(
  plan: StreamPlan,
  { lane, upstream, url, session, signal, sabotage }: StreamContext,
): Promise<StreamSides | 'hung'> {
  const random = new Random(plan.actSeed + 1)
  let timer: ReturnType<typeof setTimeout> | undefined
  let leaveTimer: ReturnType<typeof setTimeout> | undefined
  let client: Client | undefined
  const side = upstream.expect(plan, {
    onArrival: () => {
      if (leavesEarly(plan, random)) {
        leaveTimer ??= setTimeout(() => client?.leave(), random.between(0, 25))
      }
    },
    onBlocked: () => {
      if (plan.scenario === 'endless/leaves') client?.leave()
    },
  })
  const isHttp1 = lane.proxy !== undefined && session === undefined
  const acts: ClientActs = {
    requestBytes: plan.requestBytes,
    onChunk: actsOf(plan, random, isHttp1),
  }
  client =
    lane.proxy === undefined
      ? fetchClient(
          lane.handler,
          url,
          plan.scenario === 'silent-head/leaves' ? undefined : signal,
          acts,
        )
      : session === undefined
        ? httpClient(url, acts)
        : http2Client(session, new URL(url).pathname, acts)
  if (plan.scenario === 'endless/stalls') void lane.summary().then(() => client?.leave())
  const over = async (): Promise<ClientSide> => {
    const seen = await client.side
    await lane.summary()
    return seen
  }
  const hangs = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), HANGS_AFTER_MS)
  })
  const seen = await Promise.race([over(), hangs])
  clearTimeout(timer)
  clearTimeout(leaveTimer)
  if (seen === undefined) {
    client.leave()
    upstream.forget(plan.id)
    return 'hung'
  }
  const until = performance.now() + HANGS_AFTER_MS
  do {
    // For a possible second summary, and for an attempt that was starting when the client left.
    for (let turns = 0; turns < 3; turns++) await turn()
  } while (side.open > 0 && performance.now() < until)
  upstream.forget(plan.id)
  const { tries, open, isRequestWrong } = side
  return {
    plan,
    client: seen,
    upstream: { tries, open: sabotage.hidesClose ? open + 1 : open, isRequestWrong },
    summaries: sabotage.summaries(lane.takeSummaries()),
  }
}

function leavesEarly(plan: StreamPlan, random: Random): boolean {
  if (plan.scenario === 'silent-head/leaves') return true
  return plan.scenario === 'complete/leaves' && random.next() < 0.5
}

function actsOf(plan: StreamPlan, random: Random, isHttp1: boolean): ClientActs['onChunk'] {
  const leavesAt = random.between(1, 2_000)
  let isPaused = false
  return (reins) => {
    switch (plan.scenario) {
      case 'cut/slow':
      case 'reset/slow':
        // Node's HTTP/1 client drops unread data when its connection breaks, however old it is.
        if (isHttp1) break
        if (random.next() < 0.4) reins.pauseFor(random.between(1, 20))
        break
      case 'complete/slow':
        if (random.next() < 0.4) reins.pauseFor(random.between(1, 20))
        break
      case 'complete/leaves':
        if (reins.receivedBytes >= leavesAt) reins.leave()
        break
      case 'silent-middle/leaves':
        reins.leave()
        break
      case 'endless/leaves':
      case 'endless/stalls':
        if (!isPaused) reins.pause()
        isPaused = true
        break
    }
  }
}
