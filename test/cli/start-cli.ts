import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll } from 'vitest'

/** How a command ended, and all that it printed. */
export interface CliEnding {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** A command that runs in a process of its own. */
export interface RunningCli {
  /** Resolves to the first line of its output that the pattern is in; rejects if it ends without one. */
  line(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
  /** Stops reading what it prints, as `head` does. */
  closeOutput(): void
  readonly ended: Promise<CliEnding>
}

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder = ''
const running = new Set<ChildProcess>()

/** Transpiles the command line before the tests of a file, and ends what they leave running. */
export function useCli(): void {
  beforeAll(async () => {
    // Inside of `node_modules`, so that packages are found from there.
    folder = await mkdtemp(join(root, 'node_modules', '.sse-stream-kit-cli-'))
    await build({
      entryPoints: [join(root, 'src/cli.ts')],
      outfile: join(folder, 'cli.mjs'),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      packages: 'external',
      logLevel: 'silent',
    })
  })
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
}

/** Starts the command line as a user does. */
export function startCli(args: readonly string[], env: Record<string, string> = {}): RunningCli {
  const child = spawn(process.execPath, [join(folder, 'cli.mjs'), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  const looks = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    for (const look of looks) look()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<CliEnding>((resolve) => {
    child.on('close', (code, signal) => {
      running.delete(child)
      resolve({ code, signal, stdout, stderr })
    })
  })
  return {
    ended,
    kill: (signal) => void child.kill(signal),
    closeOutput: () => void child.stdout.destroy(),
    line: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          // The last piece may be half a line.
          const found = stdout
            .split('\n')
            .slice(0, -1)
            .find((line) => pattern.test(line))
          if (found !== undefined) resolve(found)
        }
        looks.add(look)
        look()
        void ended.then(() => reject(new Error(`It ended without ${pattern}: ${stdout}${stderr}`)))
      }),
  }
}

/** Starts the proxy on a free port; resolves to it and its address. */
export async function startProxy(
  args: readonly string[],
  env?: Record<string, string>,
): Promise<RunningCli & { url: string }> {
  const cli = startCli(['--port', '0', ...args], env)
  const line = await cli.line(/^Listening on /)
  return { ...cli, url: /http:\S+(?=,)/.exec(line)?.[0] ?? '' }
}
