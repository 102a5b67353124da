import { setTimeout as wait } from 'node:timers/promises'
import { RawClient } from '../clients/raw-client.ts'
import type { RunningProxy } from '../proxies/running-proxy.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'

/** Events that have arrived, and in how many chunks. */
export interface Arrived {
  events: number
  chunks: number
}

const MAX_DRAIN_MS = 5000

/** The clients of paced streams through one proxy. */
export class PacedClients {
  readonly clients: RawClient[] = []
  readonly #proxy: RunningProxy
  readonly #upstream: UpstreamChild
  /** Events of earlier streams. */
  #sentBefore = 0

  constructor(proxy: RunningProxy, upstream: UpstreamChild) {
    this.#proxy = proxy
    this.#upstream = upstream
  }

  /** Opens streams spread evenly over the time, all at once if it is 0, and returns the times of their first bytes. */
  async open(streams: number, overMs: number): Promise<number[]> {
    this.#sentBefore = (await this.#upstream.report()).sentEvents
    const startedAt = performance.now()
    for (let stream = 0; stream < streams; stream++) {
      const earlyMs = startedAt + (stream / streams) * overMs - performance.now()
      if (earlyMs > 0) await wait(earlyMs)
      const path = this.#upstream.bytes.pathOf('paced', stream)
      this.clients.push(new RawClient(this.#proxy.port, path))
    }
    return Promise.all(this.clients.map((client) => client.firstByteMs))
  }

  /** Resolves when all events that the upstream has sent are there, or after a while: {@link end} tells what is missing. */
  async drained(): Promise<void> {
    const { sentEvents } = await this.#upstream.report()
    const deadline = performance.now() + MAX_DRAIN_MS
    const count = (): number => this.clients.reduce((sum, { events }) => sum + events, 0)
    while (count() < sentEvents - this.#sentBefore && performance.now() < deadline) await wait(5)
  }

  /**
   * Ends all streams.
   *
   * @throws Error if a client did not receive exactly the bytes that the upstream sent
   */
  async end(): Promise<Arrived> {
    const sent = await this.#upstream.endStreams()
    const arrived = { events: 0, chunks: 0 }
    for (const [stream, client] of this.clients.entries()) {
      await client.ended
      const { body, chunks } = client.response()
      const events = sent.get(stream)
      const expected =
        events === undefined ? undefined : this.#upstream.bytes.bodyOf(stream, events)
      if (!expected?.equals(body)) {
        const { length } = expected ?? []
        throw new Error(
          `Stream ${stream} through ${this.#proxy.name} delivered ${body.length} bytes that are not the ${length} sent`,
        )
      }
      arrived.events += (events ?? 0) + 1
      arrived.chunks += chunks
    }
    return arrived
  }
}
