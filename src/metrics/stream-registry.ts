import { checkNumber } from '../base/check-number.ts'
import { shown } from '../base/shown.ts'
import type { MetricsSink, StreamDetails } from '../proxy/metrics-sink.ts'
import type { StreamSummary } from '../proxy/stream-summary.ts'
import { FailureWindow } from './failure-window.ts'
import type { HealthReport } from './health-handler.ts'
import { LlmLabels } from './llm-labels.ts'
import { type HeldBytes, metricFamilies } from './metric-families.ts'
import type { MetricFamily } from './metric-family.ts'
import { RouteMetrics, type SharedMetrics } from './route-metrics.ts'

const OTHER_ROUTE = 'other'
const MAX_ROUTE_CHARACTERS = 100

/** Options of a {@link StreamRegistry}. */
export interface StreamRegistryOptions {
  /**
   * Maximum number of routes with their own series; later ones share the route `other`. At least 1.
   *
   * @default 50
   */
  maxRoutes?: number | undefined
  /**
   * Maximum number of models with their own series, over all routes; later ones share the model `other`. 0 for none.
   *
   * @default 50
   */
  maxModels?: number | undefined
  /** The `Budget` that the proxies share, to export its usage. @default none */
  budget?: HeldBytes | undefined
}

/**
 * Aggregates the figures of any number of proxies, for `/metrics` and `/health`.
 *
 * - Holds about 2 KiB per route, for at most `maxRoutes` + 2 routes, and less than 1 KiB more per dialect and
 *   model on each; nothing per stream or event.
 * - Backpressure: none. It is called only when a stream starts and when it ends.
 * - Cancel and error: counted by verdict and status class, from fixed sets; errors in LLM streams by their type.
 *
 * @throws RangeError for `maxRoutes` or `maxModels` out of range
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
  readonly #shared: SharedMetrics
  readonly #unnamed: RouteMetrics
  readonly #other: RouteMetrics
  readonly #named = new Map<string, RouteMetrics>()
  readonly #maxRoutes: number
  readonly #budget: HeldBytes | undefined
  #draining = false

  constructor({ maxRoutes = 50, maxModels = 50, budget }: StreamRegistryOptions = {}) {
    this.#maxRoutes = checkNumber('maxRoutes', maxRoutes, { min: 1 })
    this.#budget = budget
    this.#shared = {
      failures: this.#failures,
      llmLabels: new LlmLabels(checkNumber('maxModels', maxModels, { min: 0 })),
      onDraining: () => this.draining(),
    }
    this.#unnamed = new RouteMetrics({}, this.#shared)
    this.#other = new RouteMetrics({ route: OTHER_ROUTE }, this.#shared)
  }

  /** Whether `/health` reports `draining`. */
  get isDraining(): boolean {
    return this.#draining
  }

  /**
   * Marks the server as about to stop, or not: `/health` returns 503 meanwhile. `proxy.close()` calls it for the
   * registry in the proxy's `metrics`.
   */
  setDraining(draining: boolean): void {
    this.#draining = draining
  }

  /**
   * Returns the sink for the streams of one route; the same one for the same name.
   *
   * The name becomes the label `route`. Use a constant, never data of a request: names beyond `maxRoutes` share the
   * route `other`.
   *
   * @throws TypeError if the name is empty or not a string
   * @throws RangeError if it is longer than 100 characters
   */
  sink(route: string): MetricsSink {
    const name = checkRoute(route)
    const known = this.#named.get(name)
    if (known !== undefined) return known
    if (name === OTHER_ROUTE || this.#named.size >= this.#maxRoutes) return this.#other
    const created = new RouteMetrics({ route: name }, this.#shared)
    this.#named.set(name, created)
    return created
  }

  /** Called by `proxy.close()`; like `setDraining(true)`. */
  draining(): void {
    this.setDraining(true)
  }

  streamStarted(): void {
    this.#unnamed.streamStarted()
  }

  streamEnded(summary: StreamSummary, details: StreamDetails): void {
    this.#unnamed.streamEnded(summary, details)
  }

  /** Returns every metric with its current values, for an exporter. */
  collect(): MetricFamily[] {
    const named = [...this.#named.values()]
    if (this.#other.used) named.push(this.#other)
    // Next to named routes, a series without a name looks like their sum: it is exported only once it has streams.
    const unnamed = this.#unnamed.used || named.length === 0 ? [this.#unnamed] : []
    return metricFamilies([...unnamed, ...named], this.#budget)
  }

  /** Returns the current state of the server. */
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
  // Names that differ only in a lone surrogate are equal in UTF-8, and a duplicate series fails the scrape.
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(route))
}
