import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** Whether a program is installed. */
export function hasProgram(name: string, versionFlag: string): boolean {
  return spawnSync(name, [versionFlag]).error === undefined
}

/** Returns a free loopback port, for a program that cannot pick one itself. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Starts a program in the foreground and waits until its stderr matches `ready`. Returns a function that ends the
 * process and waits for its exit.
 *
 * @throws Error with what it wrote to stderr, if it ends before it is ready
 */
export async function startProgram(
  name: string,
  args: readonly string[],
  ready: RegExp,
): Promise<() => Promise<void>> {
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  let written = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written += text
      if (ready.test(written)) resolve()
    })
    exited.then(() => reject(new Error(`${name} ended before it was ready: ${written}`)), reject)
  })
  return async () => {
    child.kill('SIGTERM')
    await exited
  }
}
