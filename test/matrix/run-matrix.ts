// The whole suite, and the packed tarball, on every supported Node with the majors of the dependencies that
// belong to it. `npm run test:matrix`, or for some Nodes only: `npm run test:matrix -- 22 24`.
// With `--results FILE` the counts are written to a file as JSON.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { packProject } from './pack-project.ts'

/** Node's major to the majors of our dependencies: undici 8 and eventsource-parser 4 do not load on Node 20. */
const LINES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  20: { undici: '7', 'eventsource-parser': '3' },
  22: { undici: '8', 'eventsource-parser': '4' },
  24: { undici: '8', 'eventsource-parser': '4' },
  26: { undici: '8', 'eventsource-parser': '4' },
}
const INSTALL_MS = 120_000
const SUITE_MS = 240_000
const SMOKE_MS = 30_000
const NOT_COPIED = ['.git', 'node_modules', 'dist', 'coverage']

interface Line {
  node: string
  /** Path of the binary. */
  binary: string
  /** Folder whose node_modules hold this line's majors of our dependencies. */
  installed: string
  /** `name@major` of each dependency that this line chooses. */
  specs: string[]
}

interface Count {
  passed: number
  failed: number
}

interface Packed {
  tarball?: string
  /** Why there is none. */
  problem?: string
}

interface Ran {
  code: number | string
  output: string
}

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  success: boolean
}

const root = process.cwd()

function run(
  command: string,
  args: string[],
  options: { cwd: string; timeout: number; node?: string },
) {
  const { node = process.execPath, cwd, timeout } = options
  const env = {
    ...process.env,
    NO_COLOR: '1',
    PATH: `${dirname(node)}${delimiter}${process.env['PATH']}`,
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

async function must(what: string, ran: Promise<Ran>): Promise<string> {
  const { code, output } = await ran
  if (code !== 0) throw new Error(`Cannot ${what} (${code}):\n${tail(output)}`)
  return output
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

const tail = (text: string): string => text.trimEnd().split('\n').slice(-120).join('\n')

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

const versionOf = async (folder: string, name: string): Promise<string> =>
  (await readJson<{ version: string }>(join(folder, 'node_modules', name, 'package.json'))).version

/** Node and the dependencies come from the registry once, and stay in a folder of this user. */
async function install(node: string, dependencies: readonly string[]): Promise<Line> {
  const specs = Object.entries(LINES[node] ?? {})
    .filter(([name]) => dependencies.includes(name))
    .map(([name, major]) => `${name}@${major}`)
  const key = [`node@${node}`, ...specs].join('+')
  const installed = join(tmpdir(), `sse-stream-kit-matrix-${userInfo().uid}`, key)
  await mkdir(installed, { recursive: true, mode: 0o700 })
  const isReady = (await readdir(installed)).includes('ready')
  if (!isReady) await writeFile(join(installed, 'package.json'), '{ "private": true }')

  const binary = await nodeBinary(node, installed, isReady)
  if (!isReady) {
    if (specs.length > 0) await npmInstall(specs, installed, binary)
    await writeFile(join(installed, 'ready'), '')
  }
  return { node, binary, installed, specs }
}

async function nodeBinary(node: string, installed: string, isReady: boolean): Promise<string> {
  if (process.versions.node.split('.')[0] === node) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  if (!isReady) await npmInstall([`${name}@${node}`], installed, process.execPath)
  return join(installed, 'node_modules', name, 'bin', 'node')
}

async function npmInstall(specs: string[], cwd: string, node: string): Promise<void> {
  const args = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    ...specs,
  ]
  await must(`install ${specs.join(' ')}`, run('npm', args, { cwd, timeout: INSTALL_MS, node }))
}

/** A copy of the repository, its node_modules linked one by one, save the dependencies of this line. */
async function copyRepository(line: Line, copy: string): Promise<void> {
  await mkdir(join(copy, 'node_modules'), { recursive: true })
  for (const name of await readdir(root))
    if (!NOT_COPIED.includes(name))
      await cp(join(root, name), join(copy, name), { recursive: true })
  const chosen = Object.keys(LINES[line.node] ?? {})
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name.startsWith('.') && name !== '.bin') continue
    const from = chosen.includes(name) ? line.installed : root
    const target = join(from, 'node_modules', name)
    await symlink(target, join(copy, 'node_modules', name), 'junction')
  }
}

async function runSuite(line: Line, into: string): Promise<Count> {
  const copy = join(into, 'sse-stream-kit')
  const report = join(into, 'vitest.json')
  await copyRepository(line, copy)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts']
  args.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`)
  const ran = await run(line.binary, args, { cwd: copy, timeout: SUITE_MS, node: line.binary })
  const counts = await readJson<VitestReport>(report).catch(() => undefined)
  const passed = counts?.numPassedTests ?? 0
  const failed = counts?.numFailedTests ?? 0
  if (ran.code === 0 && passed > 0) return { passed, failed }
  process.stdout.write(`${tail(ran.output)}\n`)
  // A file that does not load, or an error outside of all tests, fails no test.
  return { passed, failed: Math.max(failed, 1) }
}

/** Returns how many doors open. */
async function runTarball(line: Line, packed: Packed, folder: string): Promise<number> {
  if (packed.tarball === undefined) throw new Error(packed.problem)
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true }')
  await npmInstall([packed.tarball, ...line.specs], folder, line.binary)
  await cp(join(root, 'test/matrix/smoke.mjs'), join(folder, 'smoke.mjs'))
  const options = { cwd: folder, timeout: SMOKE_MS, node: line.binary }
  const output = await must('use the tarball', run(line.binary, ['smoke.mjs'], options))
  const { node, versions, doors } = JSON.parse(output.trim().split('\n')[0] ?? '') as {
    node: string
    versions: Record<string, string>
    doors: Record<string, string[]>
  }
  const wrong = [...line.specs, `node@${line.node}`].filter((spec) => {
    const [name = '', major] = spec.split('@')
    return (name === 'node' ? node.slice(1) : versions[name])?.split('.')[0] !== major
  })
  if (wrong.length > 0) throw new Error(`Wanted ${wrong.join(', ')}, but found ${output}`)
  return Object.keys(doors).length
}

async function runLine(line: Line, packed: Packed, into: string): Promise<Count> {
  const startedAt = performance.now()
  const version = (
    await must('start Node', run(line.binary, ['-v'], { cwd: into, timeout: 10_000 }))
  ).trim()
  const names = line.specs.map((spec) => spec.split('@')[0] ?? '')
  const versions = await Promise.all(
    names.map(async (name) => `${name} ${await versionOf(line.installed, name)}`),
  )
  let { passed, failed } = await runSuite(line, into)
  let doors = ''
  const suite = `suite ${passed} passed, ${failed} failed`
  try {
    const count = await runTarball(line, packed, join(into, 'empty-folder'))
    doors = `tarball ${count} doors by import and require`
    passed++
  } catch (error) {
    doors = `tarball failed: ${messageOf(error)}`
    failed++
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  process.stdout.write(
    `Node ${version}, ${versions.join(', ')}: ${suite}; ${doors} (${seconds} s)\n`,
  )
  return { passed, failed }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { results: { type: 'string' } },
})
const wanted = positionals.length > 0 ? positionals : Object.keys(LINES)
const unknown = wanted.filter((node) => LINES[node] === undefined)
if (unknown.length > 0) {
  process.stderr.write(
    `No line for ${unknown.join(', ')}: there are ${Object.keys(LINES).join(', ')}\n`,
  )
  process.exit(2)
}

const total: Count = { passed: 0, failed: 0 }
const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-'))
try {
  const meta = await readJson<{ dependencies?: Record<string, string> }>(join(root, 'package.json'))
  const packed: Packed = await packProject(root, join(folder, 'packed')).then(
    (tarball) => ({ tarball }),
    (error: unknown) => ({ problem: messageOf(error) }),
  )
  for (const node of wanted) {
    const into = join(folder, node)
    await mkdir(into)
    try {
      const line = await install(node, Object.keys(meta.dependencies ?? {}))
      const { passed, failed } = await runLine(line, packed, into)
      total.passed += passed
      total.failed += failed
    } catch (error) {
      total.failed++
      process.stdout.write(`Node ${node}: ${messageOf(error)}\n`)
    }
    await rm(into, { recursive: true, force: true })
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
if (values.results !== undefined) await writeFile(values.results, JSON.stringify(total))
process.exitCode = total.failed === 0 ? 0 : 1
