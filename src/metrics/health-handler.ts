import { readOnlyResponse } from './read-only-response.ts'

/** State of a server, as `/health` shows it. */
export interface HealthReport {
  /** `draining`: running streams continue; new ones should go to another server. */
  status: 'ok' | 'draining'
  activeStreams: number
  /** Streams that ended in the last minute. */
  endedLastMinute: number
  /** Share of those that failed through no fault of the client, 0 to 1; 0 if none ended. */
  errorRate: number
  /** Since the registry was created. */
  uptimeSeconds: number
}

/**
 * Creates a fetch handler that reports the state of the server as JSON.
 *
 * 200, or 503 while draining. A high error rate alone stays 200: otherwise a failing upstream would take every
 * healthy server out of service. GET and HEAD only, else 405; never cached.
 *
 * @example A health check
 * ```ts
 * import { healthHandler, StreamRegistry } from 'sse-stream-kit/metrics'
 *
 * const registry = new StreamRegistry()
 * const health = healthHandler(registry)
 * console.log(await health(new Request('http://localhost/health')).json())
 * registry.setDraining(true)
 * console.log(health(new Request('http://localhost/health')).status) // 503
 * ```
 */
export function healthHandler(registry: {
  health(): HealthReport
}): (request: Request) => Response {
  return (request) =>
    readOnlyResponse(request, () => {
      const report = registry.health()
      return {
        status: report.status === 'draining' ? 503 : 200,
        contentType: 'application/json',
        body: JSON.stringify(report),
      }
    })
}
