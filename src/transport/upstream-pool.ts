import type { ConnectionOptions } from 'node:tls'
import { Agent } from 'undici'
import { checkNumber } from '../base/check-number.ts'
import { fetchTransport } from './fetch-transport.ts'
import { isUndiciUsable } from './is-undici-usable.ts'
import type { Transport, TransportPool } from './transport.ts'
import { undiciTransport } from './undici-transport.ts'

/** Trust and identity for TLS, as Node's `tls.connect` takes them, without what the pool sets itself. */
export type UpstreamTlsOptions = Omit<
  ConnectionOptions,
  'ALPNProtocols' | 'host' | 'path' | 'port' | 'session' | 'socket' | 'timeout'
>

/** The connections to the upstream. */
export interface UpstreamPoolOptions {
  /** The largest number of connections to one origin; further requests wait for one. @default Infinity */
  connections?: number | undefined
  /** Whether to use HTTP/2 where the upstream offers it over TLS. @default false */
  allowH2?: boolean | undefined
  /** How long an idle connection stays open, in milliseconds. @default 30_000 */
  keepAliveMs?: number | undefined
  /** Trust and identity for TLS, as Node's `tls.connect` takes them. @default the system's certificates */
  tls?: UpstreamTlsOptions | undefined
}

/**
 * The connections to upstreams: agents of undici, or the runtime's own `fetch` where undici does not work.
 *
 * Has one agent per `connectMs`, which undici sets per agent and not per request. Creates each at its first use, and
 * opens no connection before the first request.
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
    if (!isUndiciUsable()) {
      // Both are Bun's: TLS per request, and no limit of 5 minutes on it. Other runtimes ignore them.
      return fetchTransport((...args) => fetch(...args), connectMs, {
        timeout: false,
        ...(tls !== undefined && { tls }),
      })
    }
    const agent = new Agent({
      connections: connections === Infinity ? null : connections,
      allowH2,
      keepAliveTimeout: keepAliveMs,
      // 0 is undici's word for no limit.
      connect: { timeout: connectMs === Infinity ? 0 : connectMs, ...tls },
    })
    this.#agents.push(agent)
    return undiciTransport(agent, connectMs, !allowH2)
  }
}
