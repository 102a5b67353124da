// Runs the whole suite and the packed tarball on every supported Node, with the majors of the dependencies that
// belong to it. `npm run test:matrix`, or for some Nodes only: `npm run test:matrix -- 22 24`.
// With `--results FILE` the counts are written to a file as JSON.
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cachedInstall, nodeBinary, npmInstall } from '../support/packaging/cached-install.ts'
import { packProject } from '../support/packaging/pack-project.ts'
import { messageOf, must, run, tail } from '../support/packaging/run-command.ts'
import { runNewestClients } from './newest-clients.ts'

/**
 * Node's major to the majors of our dependencies. Ours are those that load on Node 20; if the next ones load,
 * an application may force them, so they are tested.
 */
const LINES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  20: { undici: '7', 'eventsource-parser': '3' },
  22: { undici: '8', 'eventsource-parser': '4' },
  24: { undici: '8', 'eventsource-parser': '4' },
  26: { undici: '8', 'eventsource-parser': '4' },
}
/** On which Node the newest SDKs are tried, which run on no older one than 22. */
const CLIENTS_ON = '24'
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
  /** Why it is missing. */
  problem?: string
}

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  success: boolean
}

const root = process.cwd()

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

const versionOf = async (folder: string, name: string): Promise<string> =>
  (await readJson<{ version: string }>(join(folder, 'node_modules', name, 'package.json'))).version

/** Node and the dependencies are installed once, in folders of this user. */
async function install(node: string, dependencies: readonly string[]): Promise<Line> {
  const specs = Object.entries(LINES[node] ?? {})
    .filter(([name]) => dependencies.includes(name))
    .map(([name, major]) => `${name}@${major}`)
  const binary = await nodeBinary(node)
  return { node, binary, installed: await cachedInstall(specs, binary), specs }
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
  // A file that does not load, or an error outside all tests, fails no test.
  return { passed, failed: Math.max(failed, 1) }
}

/** Installs the tarball like a user, or with the dependencies of this line forced; returns how many entry points load. */
async function runTarball(line: Line, packed: Packed, folder: string, isForced: boolean) {
  if (packed.tarball === undefined) throw new Error(packed.problem)
  await mkdir(folder)
  const specs = isForced ? line.specs : []
  const overrides = Object.fromEntries(specs.map((spec) => spec.split('@')))
  const meta = { private: true, dependencies: { 'sse-stream-kit': packed.tarball }, overrides }
  await writeFile(join(folder, 'package.json'), JSON.stringify(meta))
  await npmInstall([], folder, line.binary)
  await cp(join(root, 'test/matrix/smoke.mjs'), join(folder, 'smoke.mjs'))
  const options = { cwd: folder, timeout: SMOKE_MS, node: line.binary }
  const output = await must('use the tarball', run(line.binary, ['smoke.mjs'], options))
  const { node, versions, doors } = JSON.parse(output.trim().split('\n')[0] ?? '') as {
    node: string
    versions: Record<string, string>
    doors: Record<string, string[]>
  }
  const wrong = [...specs, `node@${line.node}`].filter((spec) => {
    const [name = '', major] = spec.split('@')
    return (name === 'node' ? node.slice(1) : versions[name])?.split('.')[0] !== major
  })
  if (wrong.length > 0) throw new Error(`Wanted ${wrong.join(', ')}, but found ${output}`)
  return Object.keys(doors).length
}

async function tryNewestClients(line: Line, packed: Packed, folder: string): Promise<Count> {
  try {
    if (packed.tarball === undefined) throw new Error(packed.problem)
    const ran = await runNewestClients(root, packed.tarball, folder, line.binary)
    if (ran.failed > 0) process.stdout.write(`${tail(ran.output)}\n`)
    return ran
  } catch (error) {
    process.stdout.write(`Newest clients: ${messageOf(error)}\n`)
    return { passed: 0, failed: 1 }
  }
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
  const suite = `suite ${passed} passed, ${failed} failed`
  const doors: string[] = []
  for (const isForced of [true, false]) {
    const what = isForced ? 'tarball with these' : 'tarball as a user gets it'
    try {
      const folder = join(into, isForced ? 'forced' : 'empty-folder')
      doors.push(`${what}: ${await runTarball(line, packed, folder, isForced)} doors`)
      passed++
    } catch (error) {
      doors.push(`${what} failed: ${messageOf(error)}`)
      failed++
    }
  }
  if (line.node === CLIENTS_ON) {
    const clients = await tryNewestClients(line, packed, join(into, 'clients'))
    passed += clients.passed
    failed += clients.failed
    doors.push(`newest clients ${clients.passed} as expected, ${clients.failed} not`)
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  process.stdout.write(
    `Node ${version}, ${versions.join(', ')}: ${suite}; ${doors.join('; ')} (${seconds} s)\n`,
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
