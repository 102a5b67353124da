import type { BenchOptions } from './bench-options.ts'
import { BenchResults, type Rounds } from './bench-results.ts'
import { direct } from './proxies/direct.ts'
import { DIRECT, QUICK } from './proxies/names.ts'
import type { RunningProxy } from './proxies/running-proxy.ts'
import type { ProxyStarter } from './proxies/start-proxies.ts'
import { measureAtOnce } from './shapes/all-at-once.ts'
import { calmRounds } from './shapes/calm-rounds.ts'
import { measureCloses } from './shapes/closes.ts'
import { measureMemory } from './shapes/memory.ts'
import { measureRequests } from './shapes/requests.ts'
import { measureSaturation } from './shapes/saturation.ts'
import { measureStalled } from './shapes/stalled.ts'
import { measureSteady } from './shapes/steady.ts'
import { SHORT_EXCHANGES } from './upstream/short-exchange.ts'
import type { UpstreamChild } from './upstream/upstream-child.ts'

/** With more streams than these, only the baselines and ours are measured: each takes long. */
const MANY_STREAMS = 5000
/** Up to here, the times of a direct connection are measured, too. */
const FEW_STREAMS = 500
const SATURATION_STREAMS = 50
const WARM_UP_REQUESTS_MS = 300
const WARM_UP_STREAMS = 200
const WARM_UP_STEADY_MS = 300

/** Measures all that the options ask for. */
export class BenchRun {
  readonly results: BenchResults = new BenchResults()
  readonly #options: BenchOptions
  readonly #upstream: UpstreamChild
  readonly #starter: ProxyStarter

  constructor(options: BenchOptions, upstream: UpstreamChild, starter: ProxyStarter) {
    this.#options = options
    this.#upstream = upstream
    this.#starter = starter
  }

  async run(): Promise<BenchResults> {
    const { measures } = this.#options
    const isLongLived = ['steady', 'saturation', 'requests', 'at-once', 'closes'] as const
    if (isLongLived.some((measure) => measures.has(measure))) await this.#runLongLived()
    if (measures.has('memory')) await this.#memory()
    if (measures.has('stalled')) await this.#stalled()
    return this.results
  }

  /** Whatever a process may measure that has relayed before. */
  async #runLongLived(): Promise<void> {
    const { measures } = this.#options
    const proxies = await this.#starter.startAll()
    try {
      if (measures.has('steady')) await this.#steady(proxies)
      if (measures.has('saturation')) await this.#saturation(proxies)
      if (measures.has('requests')) await this.#requests(proxies)
      if (measures.has('at-once')) await this.#atOnce(proxies)
      if (measures.has('closes')) await this.#closes(proxies)
    } finally {
      await Promise.all(proxies.map((proxy) => proxy.close()))
    }
  }

  async #steady(proxies: readonly RunningProxy[]): Promise<void> {
    const { steadyStreams, roundsOf, steadyMs, everyMsOf } = this.#options
    const upstream = this.#upstream
    const at = (streams: number, windowMs: number) => (proxy: RunningProxy) =>
      measureSteady(proxy, upstream, {
        streams,
        everyMs: everyMsOf(streams),
        // Of a direct connection, only the time to the first byte is of interest.
        windowMs: proxy.name === DIRECT ? 0 : windowMs,
      })
    // Until its code is compiled, a proxy is slower.
    await this.#inTurns(
      'steady events, warming up',
      proxies,
      1,
      at(WARM_UP_STREAMS, WARM_UP_STEADY_MS),
    )
    for (const streams of steadyStreams) {
      const measured = proxies.filter(({ name }) => streams <= MANY_STREAMS || QUICK.includes(name))
      if (streams <= FEW_STREAMS) measured.unshift(direct(upstream))
      const what = `${streams} streams of steady events`
      const rounds = await this.#inTurns(what, measured, roundsOf(streams), at(streams, steadyMs))
      this.results.steady.set(streams, calmRounds(rounds))
    }
  }

  async #saturation(proxies: readonly RunningProxy[]): Promise<void> {
    const { rounds, floodEvents } = this.#options
    const options = { streams: SATURATION_STREAMS, events: floodEvents }
    const measure = (proxy: RunningProxy) => measureSaturation(proxy, this.#upstream, options)
    await this.#inTurns('saturation, warming up', proxies, 1, measure)
    this.results.saturation = await this.#inTurns('saturation', proxies, rounds, measure)
  }

  async #requests(proxies: readonly RunningProxy[]): Promise<void> {
    const { rounds, connections, requestsMs } = this.#options
    for (const exchange of SHORT_EXCHANGES) {
      const at = (windowMs: number) => (proxy: RunningProxy) =>
        measureRequests(proxy, this.#upstream, exchange, { connections, windowMs })
      const what = `short requests, ${exchange.name}`
      await this.#inTurns(`${what}, warming up`, proxies, 1, at(WARM_UP_REQUESTS_MS))
      const all = await this.#inTurns(what, proxies, rounds * 2 - 1, at(requestsMs))
      this.results.requests[exchange.name] = all
    }
  }

  async #atOnce(proxies: readonly RunningProxy[]): Promise<void> {
    const { rounds, atOnce } = this.#options
    const measure = (proxy: RunningProxy) => measureAtOnce(proxy, this.#upstream, atOnce)
    const all = [direct(this.#upstream), ...proxies]
    await this.#inTurns(`${atOnce} requests at once, warming up`, all, 1, measure)
    const what = `${atOnce} requests at once`
    this.results.atOnce = await this.#inTurns(what, all, rounds * 2 + 1, measure)
  }

  async #closes(proxies: readonly RunningProxy[]): Promise<void> {
    const { closes, closesRounds } = this.#options
    this.results.closes = await this.#inTurns(
      'clients that leave',
      proxies,
      closesRounds,
      (proxy) => measureCloses(proxy, this.#upstream, closes),
    )
  }

  async #memory(): Promise<void> {
    const { memoryStreams, memoryRoundsOf, everyMsOf, flowMs } = this.#options
    for (const streams of memoryStreams) {
      const names = this.#starter.names.filter(
        (name) => streams <= MANY_STREAMS || QUICK.includes(name),
      )
      const options = { streams, everyMs: everyMsOf(streams), flowMs }
      const measure = (proxy: RunningProxy) => measureMemory(proxy, this.#upstream, options)
      const what = `memory of ${streams} streams`
      this.results.memory.set(
        streams,
        await this.#fresh(what, names, memoryRoundsOf(streams), measure),
      )
    }
  }

  async #stalled(): Promise<void> {
    if (process.platform !== 'linux') return
    const { stalledStreams } = this.#options
    this.results.stalled = await this.#fresh(
      `${stalledStreams} clients that read nothing`,
      this.#starter.names,
      1,
      (proxy) => measureStalled(proxy, this.#upstream, stalledStreams),
    )
  }

  /** In turns: a slowdown of the machine then affects all of them. */
  async #inTurns<T>(
    what: string,
    proxies: readonly RunningProxy[],
    rounds: number,
    measure: (proxy: RunningProxy) => Promise<T>,
  ): Promise<Rounds<T>> {
    const results: Rounds<T> = new Map()
    for (let round = 1; round <= rounds; round++) {
      for (const proxy of proxies) {
        progress(
          rounds > 1
            ? `${what}, round ${round} of ${rounds}: ${proxy.name}`
            : `${what}: ${proxy.name}`,
        )
        await this.#add(results, what, proxy, measure)
      }
    }
    return results
  }

  /** The same, each time with a process that has relayed nothing before. */
  async #fresh<T>(
    what: string,
    names: readonly string[],
    rounds: number,
    measure: (proxy: RunningProxy) => Promise<T>,
  ): Promise<Rounds<T>> {
    const results: Rounds<T> = new Map()
    for (let round = 1; round <= rounds; round++) {
      for (const name of names) {
        progress(`${what}, round ${round} of ${rounds}: ${name}`)
        const proxy = await this.#starter.start(name)
        try {
          await this.#add(results, what, proxy, measure)
        } finally {
          await proxy.close()
        }
      }
    }
    return results
  }

  /** One that fails does not spoil the figures of the others. */
  async #add<T>(
    results: Rounds<T>,
    what: string,
    proxy: RunningProxy,
    measure: (proxy: RunningProxy) => Promise<T>,
  ): Promise<void> {
    try {
      const result = await measure(proxy)
      results.set(proxy.name, [...(results.get(proxy.name) ?? []), result])
    } catch (error) {
      this.results.problems.push(
        `${what}: ${proxy.name}: ${error instanceof Error ? error.message : error}`,
      )
      await this.#upstream.reset()
    }
  }
}

/** The tables go to stdout at the end. */
function progress(line: string): void {
  process.stderr.write(`${line}\n`)
}
