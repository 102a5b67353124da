import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cachedInstall, npmInstall } from '../support/packaging/cached-install.ts'
import { replaced } from '../support/packaging/replaced.ts'
import { must, run } from '../support/packaging/run-command.ts'

/** Next, and the packages that its type check of a TypeScript application needs. */
const SPECS = [
  'next@16',
  'react@19',
  'react-dom@19',
  'typescript@5',
  '@types/node@20',
  '@types/react@19',
]
const BUILD_MS = 120_000
const START_MS = 20_000
const ENV = { NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1', OPENAI_API_KEY: 'key-of-the-app' }
const UPSTREAM = /'https:\/\/api\.openai\.com', \{/

/** A Next application in its own folder, below the folder that has Next installed. */
export interface NextApp {
  folder: string
  /** Path of Next's command. */
  command: string
  /** Of Next. */
  version: string
}

/** A running `next start`. */
export interface NextServer {
  url: string
  stop(): Promise<void>
}

/**
 * Creates an application with the tarball and five routes: the block of docs/recipes/next.md as a reader pastes it
 * (`/v1`), the same with `upstreamErrors` (`/told/v1`), with `heartbeat` (`/early/v1`) and with `path` and without
 * the arrow (`/api/chat`), and the route of examples/next-route.ts (`/example/v1`).
 *
 * @param upstream stands in for OpenAI's API
 */
export async function makeNextApp(
  root: string,
  tarball: string,
  upstream: string,
): Promise<NextApp> {
  const installed = await cachedInstall(SPECS)
  const folder = await mkdtemp(join(installed, 'app-'))
  const meta = { private: true, dependencies: { 'sse-stream-kit': `file:${tarball}` } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(meta))
  await npmInstall([], folder)
  // Next is installed above the application, and its bundler reads no files outside its root.
  await writeFile(
    join(folder, 'next.config.mjs'),
    `export default { turbopack: { root: ${JSON.stringify(installed)} } }`,
  )
  const page = await readFile(join(root, 'docs/recipes/next.md'), 'utf8')
  const pasted = /^```ts[^\n]*\n([\s\S]*?)^```/m.exec(page)?.[1] ?? ''
  const example = await readFile(join(root, 'examples/next-route.ts'), 'utf8')
  const kept = replaced(example, /^\/\/ What Next does with it[\s\S]*/m, '')
  const routes = {
    'v1/[...path]': replaced(pasted, UPSTREAM, `'${upstream}', {`),
    'told/v1/[...path]': replaced(
      pasted,
      UPSTREAM,
      `'${upstream}', { upstreamErrors: 'event-then-break',`,
    ),
    'early/v1/[...path]': replaced(
      pasted,
      UPSTREAM,
      `'${upstream}', { heartbeat: { atStart: true },`,
    ),
    'api/chat': replaced(
      replaced(pasted, UPSTREAM, `'${upstream}', { path: { '/api/chat': '/v1/chat/completions' },`),
      /POST = .*/,
      'POST = proxy',
    ),
    'example/v1/[...path]': replaced(kept, /await upstream\.listen\(\)/, `'${upstream}'`),
  }
  for (const [path, code] of Object.entries(routes)) {
    const file = join(folder, 'app', path, 'route.ts')
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, code)
  }
  const next = join(installed, 'node_modules/next')
  const { version } = JSON.parse(await readFile(join(next, 'package.json'), 'utf8')) as {
    version: string
  }
  return { folder, command: join(next, 'dist/bin/next'), version }
}

export async function removeNextApp({ folder }: NextApp): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

/** Runs `next build`, which checks the types of the routes and bundles the tarball into them. */
export async function buildNextApp({ folder, command }: NextApp): Promise<void> {
  const options = { cwd: folder, timeout: BUILD_MS, env: ENV }
  await must('run next build', run(process.execPath, [command, 'build'], options))
}

/** Runs `next start` on a free port. */
export async function startNextApp({ folder, command }: NextApp): Promise<NextServer> {
  const args = [command, 'start', '--hostname', '127.0.0.1', '--port', '0']
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...ENV },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stop = () => ended(child)
  let output = ''
  const url = await new Promise<string>((resolve, reject) => {
    const late = () => reject(new Error(`No server within ${START_MS / 1000} s:\n${output}`))
    const timer = setTimeout(late, START_MS)
    const onData = (data: Buffer): void => {
      output += String(data)
      const match = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output)
      if (match === null || !output.includes('Ready')) return
      clearTimeout(timer)
      resolve(match[0])
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`next start exited with ${code}:\n${output}`)))
  }).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return { url, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}
