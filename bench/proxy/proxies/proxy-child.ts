import { BenchChild } from '../processes/bench-child.ts'
import type { ProxyQuestion, ProxyReport } from './proxy-process.ts'
import type { RunningProxy, Usage } from './running-proxy.ts'

export interface ProxyChildOptions {
  execArgv: readonly string[]
  /** Path of the Node that runs it. */
  node: string
}

/** A proxy for Node in a process of its own. */
export class ProxyChild implements RunningProxy {
  readonly name: string
  readonly port: number
  readonly pids: readonly number[]
  readonly #child: BenchChild<ProxyReport>

  private constructor(name: string, child: BenchChild<ProxyReport>, port: number) {
    this.name = name
    this.#child = child
    this.port = port
    this.pids = [child.pid]
  }

  /** Resolves when it listens. */
  static async start(
    name: string,
    origin: string,
    options: ProxyChildOptions,
  ): Promise<ProxyChild> {
    const child = new BenchChild<ProxyReport>('proxy-process', { ...options, args: [name, origin] })
    return new ProxyChild(name, child, (await child.started).port)
  }

  usage(): Promise<Usage> {
    return this.#ask('usage')
  }

  usageCollected(): Promise<Usage> {
    return this.#ask('collect')
  }

  close(): Promise<void> {
    return this.#child.close()
  }

  #ask(ask: ProxyQuestion['ask']): Promise<ProxyReport> {
    return this.#child.ask({ ask } satisfies ProxyQuestion)
  }
}
