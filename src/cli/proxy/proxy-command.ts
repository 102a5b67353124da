import { sseProxy } from '../../index.ts'
import { healthHandler, metricsHandler, StreamRegistry } from '../../metrics.ts'
import type { HostProcess } from '../host-process.ts'
import { listen } from '../listen.ts'
import { proxyFlags } from './proxy-flags.ts'
import { shutdownSignals } from './shutdown-signals.ts'
import { summaryLine } from './summary-line.ts'
import { withCors } from './with-cors.ts'

/** How long connections may flush their last bytes after `--drain-ms`, in milliseconds. */
const LAST_BYTES_MS = 250

/**
 * Runs the proxy until a signal stops it. Resolves to the exit code.
 *
 * @throws {@link UsageError} for wrong arguments
 * @throws the system's error, with its `code`, if it cannot listen
 */
export async function proxyCommand(args: readonly string[], host: HostProcess): Promise<number> {
  const {
    upstream,
    port,
    host: address,
    drainMs,
    isLogged,
    corsOrigins,
    options,
  } = proxyFlags(args)
  const print = (line: string): void => void host.stdout.write(`${line}\n`)
  const registry = new StreamRegistry()
  const proxy = sseProxy(upstream, {
    ...options,
    metrics: registry,
    ...(isLogged && {
      onEnd: (summary, { request }) => print(summaryLine(summary, request, new Date())),
    }),
  })
  const routes = new Map([
    ['/health', healthHandler(registry)],
    ['/metrics', metricsHandler(registry)],
  ])
  const listener = await listen(
    withCors((request) => {
      const own = routes.get(new URL(request.url).pathname)
      return own === undefined ? proxy(request) : own(request)
    }, corsOrigins),
    port,
    address,
  )
  const signals = shutdownSignals(host)
  // Without the query, which may hold a key.
  print(`Listening on ${listener.url}, relaying to ${upstream.origin}${upstream.pathname}`)

  await signals.first
  const drainedBy = performance.now() + drainMs
  const { active } = proxy.metrics
  if (active > 0) {
    print(`Draining: ${active} running, ${drainMs / 1000} s at most; signal again to stop at once`)
  }
  // The server keeps listening meanwhile: load balancers see the shutdown in /health.
  await proxy.close({ drainMs })
  // The socket's buffer may still hold the last bytes of streams that have ended.
  await listener.close(Math.max(drainedBy - performance.now(), LAST_BYTES_MS))
  signals.ignore()
  print('Stopped')
  return 0
}
