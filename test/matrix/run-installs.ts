// Installs the packed tarball on Node 20 with each package manager, loads every entry point, runs README's first
// screen, and checks the claims of docs/install.md about CommonJS, Jest and older settings of TypeScript.
// `npm run test:installs`. `--tarball FILE` uses that tarball instead of packing one. With `--results FILE` the counts are written to a file as JSON.
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cachedInstall, nodeBinary, npmInstall } from '../support/packaging/cached-install.ts'
import { packProject } from '../support/packaging/pack-project.ts'
import { messageOf, must, run } from '../support/packaging/run-command.ts'
import { type Consumer, runFirstScreen } from './first-screen.ts'
import { tryCommonJs, tryJest, tryNode10Resolution } from './try-older-settings.ts'

const INSTALL_MS = 120_000
const RUN_MS = 30_000
const root = process.cwd()
const { values } = parseArgs({
  options: { results: { type: 'string' }, tarball: { type: 'string' } },
})
const counts = { passed: 0, failed: 0 }
const work = await mkdtemp(join(tmpdir(), 'sse-stream-kit-installs-'))

/** Folder of a new project that depends on the tarball, and on `others`. */
async function makeProject(name: string, others: Readonly<Record<string, string>> = {}) {
  const folder = join(work, name)
  await mkdir(folder)
  const dependencies = { 'sse-stream-kit': `file:${tarball}`, ...others }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  return folder
}

async function check(what: string, body: () => Promise<string>): Promise<void> {
  const startedAt = performance.now()
  const result = await body().then(
    (text) => ({ text, key: 'passed' as const }),
    (error: unknown) => ({ text: `FAILED: ${messageOf(error)}`, key: 'failed' as const }),
  )
  counts[result.key]++
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  process.stdout.write(`${what}: ${result.text} (${seconds} s)\n`)
}

/** Loads every entry point, runs README's first screen, and runs the command with --help. */
async function use(folder: string, flags: readonly string[], command: readonly string[]) {
  const consumer: Consumer = { folder, node: node20, flags }
  await cp(join(root, 'test/matrix/every-entry-point.mjs'), join(folder, 'every-entry-point.mjs'))
  const options = { cwd: folder, timeout: RUN_MS, node: node20 }
  const opened = await must(
    'open the entry points',
    run(node20, [...flags, 'every-entry-point.mjs'], options),
  )
  const shown = await runFirstScreen(root, consumer)
  const [program = '', ...args] = command
  const help = await must('run the command', run(program, [...args, '--help'], options))
  if (!help.includes('--upstream')) throw new Error(`No help from the command:\n${help}`)
  return `${opened.trim().split('\n').at(-1)}, ${shown}, the command runs`
}

/** Runs a package manager that is a script of an npm package, on Node 20. */
async function manage(spec: string, script: string, args: string[], cwd: string, env = {}) {
  const manager = join(await cachedInstall([spec]), 'node_modules', script)
  const options = { cwd, timeout: INSTALL_MS, node: node20, env }
  await must(`install with ${spec}`, run(node20, [manager, ...args], options))
  return manager
}

async function withYarn4(linker: 'node-modules' | 'pnp', registry: string): Promise<string> {
  const folder = await makeProject(`yarn-4-${linker}`)
  const settings = [
    `nodeLinker: ${linker}`,
    'enableTelemetry: false',
    'enableImmutableInstalls: false',
    'enableScripts: false',
    'pnpEnableEsmLoader: true',
    `globalFolder: ${JSON.stringify(join(work, 'yarn'))}`,
    `npmRegistryServer: ${JSON.stringify(registry)}`,
  ]
  if (registry.startsWith('http:'))
    settings.push(`unsafeHttpWhitelist: [${JSON.stringify(new URL(registry).hostname)}]`)
  await writeFile(join(folder, '.yarnrc.yml'), settings.join('\n'))
  await writeFile(join(folder, 'yarn.lock'), '')
  const yarn = await manage('@yarnpkg/cli-dist@4', '@yarnpkg/cli-dist/bin/yarn.js', [], folder)
  if (linker === 'node-modules') return use(folder, [], ['node_modules/.bin/sse-stream-kit'])
  const flags = ['--no-warnings', '--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs']
  return use(folder, flags, [node20, yarn, 'run', 'sse-stream-kit'])
}

const node20 = await nodeBinary('20')
const node24 = await nodeBinary('24')
const tarball = values.tarball ?? (await packProject(root, join(work, 'packed')))
const npmOptions = { cwd: root, timeout: RUN_MS }
const registry = (
  await must('ask npm', run('npm', ['config', 'get', 'registry', '--silent'], npmOptions))
)
  .trim()
  .split('\n')
  .at(-1)
const bin = ['node_modules/.bin/sse-stream-kit']

try {
  const npmFolder = await makeProject('npm')
  await check('npm', async () => {
    await npmInstall([], npmFolder, node20)
    return use(npmFolder, [], bin)
  })
  await check('npm ci of a lockfile that npm wrote on Node 24', async () => {
    const folder = await makeProject('npm-ci')
    await npmInstall(['--package-lock-only'], folder, node24)
    const options = { cwd: folder, timeout: INSTALL_MS, node: node20 }
    await must('run npm ci', run('npm', ['ci', '--ignore-scripts', '--no-audit'], options))
    return use(folder, [], bin)
  })
  await check('pnpm 10', async () => {
    const folder = await makeProject('pnpm')
    const args = ['install', '--ignore-scripts', '--store-dir', join(work, 'pnpm-store')]
    await manage('pnpm@10', 'pnpm/bin/pnpm.cjs', args, folder)
    return use(folder, [], bin)
  })
  await check('yarn 4, node_modules', () => withYarn4('node-modules', registry ?? ''))
  await check("yarn 4, Plug'n'Play", () => withYarn4('pnp', registry ?? ''))
  await check('yarn 1', async () => {
    const folder = await makeProject('yarn-1')
    const args = ['install', '--non-interactive', '--ignore-scripts', '--no-lockfile']
    const cache = ['--cache-folder', join(work, 'yarn-1-cache')]
    await manage('yarn@~1.22', 'yarn/bin/yarn.js', [...args, ...cache], folder)
    return use(folder, [], bin)
  })
  await check('CommonJS', () => tryCommonJs(npmFolder, node20))
  await check('TypeScript with moduleResolution node10', () => tryNode10Resolution(npmFolder))
  await check('Jest', async () => {
    const folder = await makeProject('jest', { jest: '^30.0.0' })
    await npmInstall([], folder, node20)
    return tryJest(folder, node20)
  })
} finally {
  await rm(work, { recursive: true, force: true })
}
if (values.results !== undefined) await writeFile(values.results, JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
