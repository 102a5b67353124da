import { checkNumber } from '../base/check-number.ts'
import { shown } from '../base/shown.ts'
import type { GapDistribution } from '../transforms/gap-histogram.ts'
import type { MetricsSink } from '../transforms/metrics-sink.ts'
import type { StreamSummary } from '../transforms/stream-summary.ts'
import { FailureWindow } from './failure-window.ts'
import type { HealthReport } from './health-handler.ts'
import { type HeldBytes, metricFamilies } from './metric-families.ts'
import type { MetricFamily } from './metric-family.ts'
import { RouteMetrics } from './route-metrics.ts'

const OTHER_ROUTE = 'other'
const MAX_ROUTE_CHARACTERS = 100

/** How much a {@link StreamRegistry} may hold. */
export interface StreamRegistryOptions {
  /**
   * How many names of routes have numbers of their own; those that come later share the name `other`.
   * At least 1.
   *
   * @default 50
   */
  maxRoutes?: number | undefined
  /** The `Budget` that the proxies share, to show how much of it is in use. @default none */
  budget?: HeldBytes | undefined
}

/**
 * Adds up what any number of proxies report, for `/metrics` and `/health`.
 *
 * - Holds about 2 KiB a route, for at most `maxRoutes` + 2 routes; nothing for a stream, nothing for an event.
 * - Backpressure: none, as it sees streams only when they start and when they are over.
 * - Cancel and error: counted by the verdict and the class of the status, from fixed sets.
 *
 * @throws RangeError for `maxRoutes` out of range
 *
 * @example Numbers for two routes
 * ```ts
 * import { metricsHandler, StreamRegistry } from 'sse-stream-kit/metrics'
 *
 * const registry = new StreamRegistry()
 * const chat = registry.sink('chat') // sseProxy(upstream, { metrics: chat })
 * const search = registry.sink('search')
 * chat.streamStarted()
 * const metrics = metricsHandler(registry)
 * console.log(await metrics(new Request('http://localhost/metrics')).text())
 * ```
 */
export class StreamRegistry implements MetricsSink {
  readonly #startedAt = performance.now()
  readonly #failures = new FailureWindow()
  readonly #unnamed = new RouteMetrics({}, this.#failures, () => this.draining())
  readonly #other = new RouteMetrics({ route: OTHER_ROUTE }, this.#failures, () => this.draining())
  readonly #named = new Map<string, RouteMetrics>()
  readonly #maxRoutes: number
  readonly #budget: HeldBytes | undefined
  #draining = false

  constructor({ maxRoutes = 50, budget }: StreamRegistryOptions = {}) {
    this.#maxRoutes = checkNumber('maxRoutes', maxRoutes, { min: 1 })
    this.#budget = budget
  }

  /** Whether running streams go on and new ones should go elsewhere. */
  get isDraining(): boolean {
    return this.#draining
  }

  /**
   * Says that the server is about to stop, or that it is not: `/health` answers 503 meanwhile. A proxy that reports
   * here says so itself when it is closed.
   */
  setDraining(draining: boolean): void {
    this.#draining = draining
  }

  /**
   * Gives the place where the streams of one route report to, the same one for the same name.
   *
   * The name becomes the label `route`. Take it from the program, never from a request: the names past
   * `maxRoutes` share the name `other`.
   *
   * @throws TypeError if the name is empty or no string
   * @throws RangeError if it is longer than 100 characters
   */
  sink(route: string): MetricsSink {
    const name = checkRoute(route)
    const known = this.#named.get(name)
    if (known !== undefined) return known
    if (name === OTHER_ROUTE || this.#named.size >= this.#maxRoutes) return this.#other
    const created = new RouteMetrics({ route: name }, this.#failures, () => this.draining())
    this.#named.set(name, created)
    return created
  }

  /** Called by a proxy that is closed; like `setDraining(true)`. */
  draining(): void {
    this.setDraining(true)
  }

  streamStarted(): void {
    this.#unnamed.streamStarted()
  }

  streamEnded(summary: StreamSummary, gaps: GapDistribution): void {
    this.#unnamed.streamEnded(summary, gaps)
  }

  /** Every metric as it is now, for an exporter. */
  collect(): MetricFamily[] {
    const named = [...this.#named.values()]
    if (this.#other.used) named.push(this.#other)
    // Beside named routes, a series without a name looks like their sum; it is shown once it has streams.
    const unnamed = this.#unnamed.used || named.length === 0 ? [this.#unnamed] : []
    return metricFamilies([...unnamed, ...named], this.#budget)
  }

  /** How the server is doing now. */
  health(): HealthReport {
    const { ended, failed } = this.#failures.totals()
    const routes = [this.#unnamed, this.#other, ...this.#named.values()]
    return {
      status: this.#draining ? 'draining' : 'ok',
      activeStreams: routes.reduce((active, route) => active + route.active, 0),
      endedLastMinute: ended,
      errorRate: ended === 0 ? 0 : failed / ended,
      uptimeSeconds: Math.round(performance.now() - this.#startedAt) / 1000,
    }
  }
}

function checkRoute(route: string): string {
  if (typeof route !== 'string' || route === '') {
    throw new TypeError(`route must be a non-empty string: got ${shown(route)}`)
  }
  if (route.length > MAX_ROUTE_CHARACTERS) {
    throw new RangeError(
      `route must have at most ${MAX_ROUTE_CHARACTERS} characters: got ${route.length}`,
    )
  }
  // Two names that differ in a lone surrogate only would be one in UTF-8, and a series given twice fails the scrape.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(route))
}
