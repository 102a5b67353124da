import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ProxyReport } from './proxy-process.ts'

/** A contender in a separate process. */
export class ProxyChild {
  readonly pid: number
  readonly #process: ChildProcess
  readonly #started: Promise<ProxyReport>
  #port = 0

  constructor(name: string, origin: string, execArgv: readonly string[]) {
    const script = fileURLToPath(new URL('proxy-process.mjs', import.meta.url))
    this.#process = fork(script, [name, origin], { execArgv: [...execArgv] })
    this.pid = this.#process.pid as number
    this.#started = this.#report()
  }

  get port(): number {
    return this.#port
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    const { port } = await this.#started
    this.#port = port
  }

  /** Resources used so far. */
  ask(): Promise<ProxyReport> {
    this.#process.send('report')
    return this.#report()
  }

  async close(): Promise<void> {
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }

  async #report(): Promise<ProxyReport> {
    const exit = new AbortController()
    const onExit = (): void => exit.abort(new Error('The process of the proxy has ended'))
    this.#process.once('exit', onExit)
    try {
      const [said] = await once(this.#process, 'message', { signal: exit.signal })
      return said as ProxyReport
    } finally {
      this.#process.off('exit', onExit)
    }
  }
}
