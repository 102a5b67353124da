import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../../../test/docs/start-program.ts'
import { fileLimit } from '../processes/file-limit.ts'
import { processTree, usageOfTree } from '../processes/process-tree.ts'
import type { RunningProxy, Usage } from './running-proxy.ts'

/** A server of the operating system that can proxy. */
export interface ServerKind {
  name: string
  command: string
  /** Arguments that make it print its version. */
  versionArgs: readonly string[]
  /** How to get it on Debian and Ubuntu. */
  install: string
  /** Arguments that make it run in the foreground with the configuration in a file. */
  args(configFile: string, folder: string): string[]
  config(places: ServerPlaces): string
}

export interface ServerPlaces {
  port: number
  upstreamPort: number
  /** An empty folder for its files. */
  folder: string
  /** How many files its process may have open. */
  files: number
}

const START_MS = 5000
/** For each of them, a server reserves memory when it starts. */
const MAX_FILES = 50_000
const STOP_MS = 2000

/** Its version, or `undefined` where it is not installed. */
export function versionOf({ command, versionArgs }: ServerKind): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, versionArgs, { encoding: 'utf8' })
  return error === undefined ? /\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0] : undefined
}

/** A server that this process has started, with one worker, and ends again. */
export class InstalledServer implements RunningProxy {
  readonly name: string
  readonly port: number
  readonly #process: ChildProcess
  readonly #folder: string
  /** If this process ends early, its servers end as well. */
  readonly #onExit = (): void => {
    this.#process.kill('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  private constructor(name: string, port: number, child: ChildProcess, folder: string) {
    this.name = name
    this.port = port
    this.#process = child
    this.#folder = folder
    process.once('exit', this.#onExit)
  }

  /** Resolves when it listens. */
  static async start(kind: ServerKind, upstreamPort: number): Promise<InstalledServer> {
    const folder = mkdtempSync(join(tmpdir(), 'sse-stream-kit-bench-'))
    const configFile = join(folder, 'config')
    const port = await freePort()
    const places = { port, upstreamPort, folder, files: Math.min(fileLimit(), MAX_FILES) }
    writeFileSync(configFile, kind.config(places))
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    const child = spawn(kind.command, kind.args(configFile, folder), {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const server = new InstalledServer(kind.name, port, child, folder)
    let said = ''
    child.stderr.on('data', (text) => {
      said = `${said}${text}`.slice(-2000)
    })
    try {
      await listening(port, child)
    } catch (error) {
      await server.close()
      throw new Error(`${kind.name} did not start: ${said}`, { cause: error })
    }
    return server
  }

  get pids(): number[] {
    return processTree(this.#process.pid as number)
  }

  async usage(): Promise<Usage> {
    return usageOfTree(this.#process.pid as number)
  }

  usageCollected(): Promise<Usage> {
    return this.usage()
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode === null && signalCode === null) {
      const exit = once(this.#process, 'exit')
      this.#process.kill('SIGTERM')
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
      await exit
      clearTimeout(timer)
    }
    process.off('exit', this.#onExit)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (isOpen) return
    if (performance.now() > deadline) throw new Error(`It does not listen after ${START_MS} ms`)
    await wait(20)
  }
}
