import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'

export interface BenchChildOptions {
  args?: readonly string[]
  execArgv?: readonly string[]
  /** Path of the Node that runs it. */
  node?: string
}

/** Characters of what a process has written to stderr. */
const COMPLAINTS = 2000

/** A process of this bench that responds to each message with one message. */
export class BenchChild<Report> {
  readonly pid: number
  /** Its first message, sent once it listens. */
  readonly started: Promise<Report>
  readonly #process: ChildProcess
  readonly #script: string
  /** Shown only if it ends early: some proxies report every client that leaves. */
  #complaints = ''

  /** `script` is the name of an entry point of the bundle, without its extension; all lie in one folder. */
  constructor(script: string, { args = [], execArgv = [], node }: BenchChildOptions = {}) {
    this.#script = script
    const file = join(dirname(process.argv[1] ?? ''), `${script}.mjs`)
    const execPath = node ?? process.execPath
    this.#process = fork(file, [...args], {
      execArgv: [...execArgv],
      execPath,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#process.stderr?.on('data', (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-COMPLAINTS)
    })
    this.pid = this.#process.pid as number
    this.started = this.#next()
    this.started.catch(() => {})
  }

  ask(question: object): Promise<Report> {
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
      exit.abort(new Error(`${this.#script} has ended with ${code}: ${this.#complaints}`))
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
