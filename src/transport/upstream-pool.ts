import type { ConnectionOptions } from 'node:tls'
import { Agent } from 'undici'
import { checkNumber } from '../base/check-number.ts'
import { fetchTransport } from './fetch-transport.ts'
import { runtimeFetch } from './runtime-fetch.ts'
import type { Transport, TransportPool } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

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

/**
 * The connections to upstreams: agents of undici, or the runtime's own `fetch` where undici does not work.
 *
 * One agent for each limit on connecting, which undici has per agent and not per request. Nothing is made before it
 * is asked for, and nothing is opened before the first request.
 */
export class UpstreamPool implements TransportPool {
  readonly #options: UpstreamPoolOptions
  readonly #agents: Agent[] = []
  readonly #byConnectMs = new Map<number, Transport>()

  /** @throws RangeError for a number out of range */
  constructor(options: UpstreamPoolOptions = {}) {
    const { connections = Infinity, keepAliveMs = 30_000 } = options
    checkNumber('connections', connections, { min: 1, infinity: true })
    checkNumber('keepAliveMs', keepAliveMs, { min: 1, fraction: true })
    this.#options = options
  }

  transport(connectMs: number): Transport {
    const known = this.#byConnectMs.get(connectMs)
    if (known !== undefined) return known
    const made = this.#make(connectMs)
    this.#byConnectMs.set(connectMs, made)
    return made
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.destroy()))
  }

  #make(connectMs: number): Transport {
    const { connections = Infinity, allowH2 = false, keepAliveMs = 30_000, tls } = this.#options
    const fetch = runtimeFetch(tls)
    if (fetch !== undefined) return fetchTransport(fetch, connectMs)
    const agent = new Agent({
      connections: connections === Infinity ? null : connections,
      allowH2,
      keepAliveTimeout: keepAliveMs,
      // For undici 0 is no limit.
      connect: { timeout: connectMs === Infinity ? 0 : connectMs, ...tls },
    })
    this.#agents.push(agent)
    return undiciTransport(agent, connectMs)
  }
}
