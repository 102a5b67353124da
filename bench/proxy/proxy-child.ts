import { BenchChild } from './bench-child.ts'
import type { ProxyReport } from './proxy-process.ts'

export interface ProxyChildOptions {
  execArgv?: readonly string[]
  /** Path of the Node that runs it. */
  node?: string
}

/** A contender in a separate process. */
export class ProxyChild {
  readonly pid: number
  readonly #child: BenchChild<ProxyReport>
  #port = 0

  constructor(name: string, origin: string, options: ProxyChildOptions = {}) {
    this.#child = new BenchChild('proxy-process', { ...options, args: [name, origin] })
    this.pid = this.#child.pid
  }

  get port(): number {
    return this.#port
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    const { port } = await this.#child.started
    this.#port = port
  }

  /** Resources used so far. */
  ask(): Promise<ProxyReport> {
    return this.#child.ask('report')
  }

  /** The same after a garbage collection. */
  askCollected(): Promise<ProxyReport> {
    return this.#child.ask('collect')
  }

  close(): Promise<void> {
    return this.#child.close()
  }
}
