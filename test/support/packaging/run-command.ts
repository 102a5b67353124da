import { execFile } from 'node:child_process'
import { delimiter, dirname } from 'node:path'

interface RunOptions {
  cwd: string
  /** In milliseconds. */
  timeout: number
  /** The Node that scripts find first on the PATH. @default the running one */
  node?: string
  env?: Readonly<Record<string, string>>
}

export interface Ran {
  code: number | string
  /** Of both streams. */
  output: string
}

/** Runs a command to its end or its timeout; never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { node = process.execPath, cwd, timeout } = options
  const env = {
    ...process.env,
    NO_COLOR: '1',
    PATH: `${dirname(node)}${delimiter}${process.env['PATH']}`,
    ...options.env,
  }
  return new Promise<Ran>((resolve) => {
    const limits = {
      cwd,
      env,
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024 * 1024,
    } as const
    const child = execFile(command, args, limits, (error, stdout, stderr) => {
      const late = error?.killed ? `\nNot done within ${timeout / 1000} s` : ''
      resolve({ code: error ? (error.code ?? 'killed') : 0, output: stdout + stderr + late })
    })
    child.stdin?.end()
  })
}

/** The output of a run that must exit with 0. */
export async function must(what: string, ran: Promise<Ran>): Promise<string> {
  const { code, output } = await ran
  if (code !== 0) throw new Error(`Cannot ${what} (${code}):\n${tail(output)}`)
  return output
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

export const tail = (text: string): string => text.trimEnd().split('\n').slice(-120).join('\n')
