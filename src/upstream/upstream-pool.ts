import type { ConnectionOptions } from 'node:tls'
import { Agent } from 'undici'
import { checkNumber } from '../base/check-number.ts'
import { directFetch } from './direct-fetch.ts'
import { resumeAborted } from './resume-aborted.ts'
import { runtimeFetch } from './runtime-fetch.ts'

/** Trust and identity for TLS, as Node's `tls.connect` takes them, without what the pool sets itself. */
export type UpstreamTlsOptions = Omit<
  ConnectionOptions,
  'ALPNProtocols' | 'host' | 'path' | 'port' | 'session' | 'socket' | 'timeout'
>

/** How connections to the upstream are kept. */
export interface UpstreamPoolOptions {
  /** How many connections to one origin at most; without a limit no stream waits in line. @default Infinity */
  connections?: number | undefined
  /** Whether HTTP/2 is used where the upstream offers it over TLS. @default false */
  allowH2?: boolean | undefined
  /** How long an idle connection is kept, in milliseconds. @default 30_000 */
  keepAliveMs?: number | undefined
  /** Trust and identity for TLS, as Node's `tls.connect` takes them. @default the system's certificates */
  tls?: UpstreamTlsOptions | undefined
}

/** Connections to upstreams, and the `fetch` that uses them. */
export interface UpstreamPool {
  /** `fetch` over this pool's connections. */
  readonly fetch: typeof fetch
  /** Waits for the running requests, then closes all connections. */
  close(): Promise<void>
  /** Closes all connections now. */
  destroy(): Promise<void>
}

/**
 * Makes a pool of connections, with undici's agent and `fetch` from the same copy of it: an agent does not
 * fit every other copy's `fetch`.
 *
 * undici's own timeouts for headers and body (300 s each) are off: the proxy times both itself, and can say
 * which one it was.
 *
 * Nothing is opened before the first request.
 *
 * @throws RangeError for a number out of range
 */
export function createUpstreamPool(
  { connections = Infinity, allowH2 = false, keepAliveMs = 30_000, tls }: UpstreamPoolOptions,
  connectMs: number,
): UpstreamPool {
  checkNumber('connections', connections, { min: 1, infinity: true })
  checkNumber('keepAliveMs', keepAliveMs, { min: 1, fraction: true })
  const ownFetch = runtimeFetch(tls)
  if (ownFetch !== undefined) {
    const nothing = async (): Promise<void> => {}
    return { fetch: ownFetch, close: nothing, destroy: nothing }
  }
  const agent = new Agent({
    connections: connections === Infinity ? null : connections,
    allowH2,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    // For undici 0 is no limit.
    connect: { timeout: connectMs === Infinity ? 0 : connectMs, ...tls },
  })
  const dispatcher = allowH2 ? agent.compose(resumeAborted) : agent
  return {
    fetch: directFetch(dispatcher),
    close: () => agent.close(),
    destroy: () => agent.destroy(),
  }
}
