import type { BenchOptions } from '../bench-options.ts'
import type { Cores } from '../processes/cores.ts'
import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { InstalledServer, type ServerKind, versionOf } from './installed-server.ts'
import { nginx } from './nginx.ts'
import { NODE_PROXIES } from './node-proxies.ts'
import { ProxyChild } from './proxy-child.ts'
import type { RunningProxy } from './running-proxy.ts'

const SERVERS: readonly ServerKind[] = [nginx, haproxy, caddy]

/** The servers of this machine: the version of each that is installed, and how to get the others. */
export function findServers({ isWanted }: BenchOptions): {
  versions: Map<string, string>
  missing: string[]
} {
  const versions = new Map<string, string>()
  const missing: string[] = []
  for (const kind of process.platform === 'linux' ? SERVERS : []) {
    if (!isWanted(kind.name)) continue
    const version = versionOf(kind)
    if (version === undefined) missing.push(`${kind.name} is not installed: ${kind.install}`)
    else versions.set(kind.name, version)
  }
  return { versions, missing }
}

/** Starts proxies by name. */
export class ProxyStarter {
  /** Of all that can be measured, in the order of the tables. */
  readonly names: readonly string[]
  readonly #options: BenchOptions
  readonly #upstream: UpstreamChild
  readonly #cores: Cores

  constructor(
    options: BenchOptions,
    servers: ReadonlyMap<string, string>,
    upstream: UpstreamChild,
    cores: Cores,
  ) {
    this.names = [...[...NODE_PROXIES.keys()].filter(options.isWanted), ...servers.keys()]
    this.#options = options
    this.#upstream = upstream
    this.#cores = cores
  }

  /** Resolves when it listens, pinned to its core. */
  async start(name: string): Promise<RunningProxy> {
    const proxy = await this.#start(name)
    this.#cores.pinProxies(proxy.pids)
    return proxy
  }

  /** Starts all of them. */
  async startAll(): Promise<RunningProxy[]> {
    const proxies: RunningProxy[] = []
    try {
      for (const name of this.names) proxies.push(await this.start(name))
      return proxies
    } catch (error) {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      throw error
    }
  }

  #start(name: string): Promise<RunningProxy> {
    const server = SERVERS.find((kind) => kind.name === name)
    return server === undefined
      ? this.startForNode(name)
      : InstalledServer.start(server, this.#upstream.port)
  }

  /** One of the proxies for Node, not pinned. */
  startForNode(name: string): Promise<ProxyChild> {
    const { node, cpuProfiles } = this.#options
    const execArgv =
      cpuProfiles === undefined
        ? []
        : ['--cpu-prof', `--cpu-prof-dir=${cpuProfiles}`, '--cpu-prof-interval=200']
    return ProxyChild.start(name, this.#upstream.origin, { node, execArgv })
  }
}
