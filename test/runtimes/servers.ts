import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'

const run = promisify(execFile)
const SPECS = ['bun@1', 'deno@2', 'workerd@1']
const INSTALL_MS = 180_000
const START_MS = 20_000

/** Paths of the runtimes. */
export interface Runtimes {
  bun: string
  deno: string
  workerd: string
}

/** A runtime that serves the subject. */
export interface RuntimeServer {
  url: string
  stop(): Promise<void>
}

/** The runtimes are installed once, in a folder of this user. */
export async function installRuntimes(): Promise<Runtimes> {
  const folder = join(tmpdir(), `sse-stream-kit-runtimes-${userInfo().uid}`, SPECS.join('+'))
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const ready = join(folder, 'ready')
  const isReady = await access(ready).then(
    () => true,
    () => false,
  )
  if (!isReady) {
    await writeFile(join(folder, 'package.json'), '{ "private": true }')
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
    await run('npm', ['install', ...flags, ...SPECS], { cwd: folder, timeout: INSTALL_MS })
    await writeFile(ready, '')
  }
  const modules = join(folder, 'node_modules')
  const cpu = process.arch === 'arm64' ? 'aarch64' : 'x64'
  // Their launchers need install scripts, which are not run.
  return {
    bun: join(modules, `@oven/bun-linux-${cpu}/bin/bun`),
    deno: join(modules, `@deno/linux-${process.arch}-glibc/deno`),
    workerd: join(
      modules,
      `@cloudflare/workerd-linux-${process.arch === 'arm64' ? 'arm64' : '64'}/bin/workerd`,
    ),
  }
}

/** A folder with the tarball as npm would install it, and the subject. */
export async function prepareProject(
  root: string,
  project: string,
  tarball: string,
): Promise<void> {
  const installed = join(project, 'node_modules/sse-stream-kit')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  const meta = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(meta.dependencies)) {
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name), 'junction')
  }
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  for (const name of ['subject.mjs', 'serve.mjs', 'worker.mjs']) {
    await cp(join(root, 'test/runtimes', name), join(project, name))
  }
}

export async function startServer(
  binary: string,
  args: string[],
  kind: string,
  project: string,
  settings: object,
): Promise<RuntimeServer> {
  const child = spawn(binary, [...args, 'serve.mjs', kind, JSON.stringify(settings)], {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
  })
  return serverOf(child, /^(\d+)\n/m)
}

/** workerd reads no node_modules: the worker is bundled, as wrangler would do it. */
export async function workerdServer(
  binary: string,
  project: string,
  settings: object,
): Promise<RuntimeServer> {
  await build({
    entryPoints: [join(project, 'worker.mjs')],
    outfile: join(project, 'worker.bundle.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    conditions: ['workerd', 'worker'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/')",
    },
    logLevel: 'silent',
  })
  await writeFile(
    join(project, 'workerd.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .subject),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const subject :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.bundle.mjs")],
  compatibilityDate = "2026-11-01",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [(name = "SETTINGS", text = ${JSON.stringify(JSON.stringify(settings))})],
);
`,
  )
  const child = spawn(binary, ['serve', '--control-fd=1', 'workerd.capnp'], { cwd: project })
  return serverOf(child, /"port":\s*(\d+)/)
}

async function serverOf(child: ChildProcess, port: RegExp): Promise<RuntimeServer> {
  let output = ''
  const found = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`No server within ${START_MS} ms: ${output}`)),
      START_MS,
    )
    const onData = (data: Buffer): void => {
      output += data
      const match = port.exec(output)
      if (match?.[1] === undefined) return
      clearTimeout(timer)
      resolve(match[1])
    }
    child.stdout?.on('data', onData)
    child.stderr?.on('data', onData)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The runtime ended with ${code}: ${output}`)))
  }).catch((error) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    url: `http://127.0.0.1:${found}`,
    stop: async () => {
      const gone = new Promise((resolve) => child.once('close', resolve))
      if (child.exitCode === null) child.kill('SIGKILL')
      await gone
    },
  }
}
