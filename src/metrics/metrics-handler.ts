import type { MetricFamily } from './metric-family.ts'
import { prometheusText } from './prometheus-text.ts'
import { readOnlyResponse } from './read-only-response.ts'

/**
 * Creates a fetch handler for a Prometheus scrape.
 *
 * GET and HEAD only, else 405; never cached. It does not authenticate: mount it where only the scraper has access.
 *
 * @example A scrape
 * ```ts
 * import { metricsHandler, StreamRegistry } from 'sse-stream-kit/metrics'
 *
 * const metrics = metricsHandler(new StreamRegistry())
 * const response = metrics(new Request('http://localhost/metrics'))
 * console.log(response.headers.get('content-type'), await response.text())
 * ```
 */
export function metricsHandler(registry: {
  collect(): MetricFamily[]
}): (request: Request) => Response {
  return (request) =>
    readOnlyResponse(request, () => ({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: prometheusText(registry),
    }))
}
