import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface BenchChildOptions {
  args?: readonly string[]
  execArgv?: readonly string[]
  /** Path of the Node that runs it. */
  node?: string
}

/** A process of this bench that responds to each message with one message. */
export class BenchChild<Report> {
  readonly pid: number
  /** Its first message, sent once it listens. */
  readonly started: Promise<Report>
  readonly #process: ChildProcess
  readonly #script: string

  /** `script` is the name of an entry point of the bundle, without its extension. */
  constructor(script: string, { args = [], execArgv = [], node }: BenchChildOptions = {}) {
    this.#script = script
    const file = fileURLToPath(new URL(`${script}.mjs`, import.meta.url))
    const execPath = node ?? process.execPath
    this.#process = fork(file, [...args], { execArgv: [...execArgv], execPath })
    this.pid = this.#process.pid as number
    this.started = this.#next()
    this.started.catch(() => {})
  }

  ask(question: string): Promise<Report> {
    this.#process.send(question)
    return this.#next()
  }

  async close(): Promise<void> {
    if (!this.#process.connected) return
    const exit = once(this.#process, 'exit')
    this.#process.disconnect()
    await exit
  }

  async #next(): Promise<Report> {
    const exit = new AbortController()
    const onExit = (code: number | null): void =>
      exit.abort(new Error(`${this.#script} has ended with ${code}`))
    this.#process.once('exit', onExit)
    try {
      const [said] = await once(this.#process, 'message', { signal: exit.signal })
      return said as Report
    } catch (error) {
      throw exit.signal.aborted ? exit.signal.reason : error
    } finally {
      this.#process.off('exit', onExit)
    }
  }
}
