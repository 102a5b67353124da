// Compiles user code against the types of the packed tarball: every entry point, and every block of
// README, docs and examples, with several versions of TypeScript and of Node's types, and several settings.
// `npm run test:types`, or with `-- --all` in every combination. `--tarball FILE` uses that tarball instead of
// packing one; `--results FILE` writes the counts as JSON.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cachedInstall } from '../support/packaging/cached-install.ts'
import { packProject } from '../support/packaging/pack-project.ts'
import { messageOf, must, run, tail } from '../support/packaging/run-command.ts'
import { snippetsOf } from './snippets.ts'

const TYPESCRIPT = ['~5.4', '~5.9', '~6.0', '~7.0']
const NODE_TYPES = ['20', '22', '24']
const RESOLUTIONS = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]
const LIBS = [['ES2022'], ['ES2022', 'DOM']]
const ENTRY_POINTS = ['', '/streams', '/metrics', '/node', '/testing']
const COMPILE_MS = 120_000

interface Combination {
  typescript: string
  types: string
  resolution: { module: string; moduleResolution: string }
  lib: string[]
}

/** All resolutions and libs per TypeScript; Node's types rotate, so that each is paired with every TypeScript. */
function combinations(isAll: boolean): Combination[] {
  const all = TYPESCRIPT.flatMap((typescript) =>
    RESOLUTIONS.flatMap((resolution) =>
      LIBS.map((lib) => ({ typescript, resolution, lib, types: '' })),
    ),
  )
  if (isAll) return NODE_TYPES.flatMap((types) => all.map((one) => ({ ...one, types })))
  return all.map((one, index) => ({ ...one, types: NODE_TYPES[index % NODE_TYPES.length] ?? '' }))
}

const root = process.cwd()
const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    results: { type: 'string' },
    tarball: { type: 'string' },
  },
})

/** A user's project: the tarball, its dependencies, one version of Node's types, and the code. */
async function makeConsumer(into: string, tarball: string, types: string): Promise<string> {
  const consumer = join(into, `types-${types}`)
  const modules = join(consumer, 'node_modules')
  await mkdir(join(modules, '@types'), { recursive: true })
  const kit = join(modules, 'sse-stream-kit')
  await mkdir(kit)
  const unpack = ['-xzf', tarball, '-C', kit, '--strip-components=1']
  await must('unpack the tarball', run('tar', unpack, { cwd: consumer, timeout: 30_000 }))
  const nodeTypes = join(await cachedInstall([`@types/node@^${types}.1`]), 'node_modules')
  await symlink(join(nodeTypes, '@types/node'), join(modules, '@types/node'), 'junction')
  for (const name of ['undici', 'eventsource-parser'])
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction')
  await writeFile(join(consumer, 'package.json'), '{ "private": true, "type": "module" }')
  await mkdir(join(consumer, 'src'))
  const imports = ENTRY_POINTS.map((path, at) => `export * as e${at} from 'sse-stream-kit${path}'`)
  await writeFile(join(consumer, 'src/every_entry_point.ts'), imports.join('\n'))
  for (const { name, code } of snippetsOf(root))
    await writeFile(join(consumer, 'src', `${name}.ts`), `${code}\nexport {}\n`)
  return consumer
}

async function compile(consumer: string, { typescript, resolution, lib }: Combination) {
  const compiler = await cachedInstall([`typescript@${typescript}`])
  const project = join(consumer, `tsconfig.${typescript}.${resolution.module}.${lib.length}.json`)
  const compilerOptions = {
    ...resolution,
    lib,
    target: 'ES2022',
    types: ['node'],
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    moduleDetection: 'force',
    skipLibCheck: false,
    skipDefaultLibCheck: true,
  }
  await writeFile(project, JSON.stringify({ compilerOptions, include: ['src'] }))
  const tsc = join(compiler, 'node_modules/typescript/bin/tsc')
  const args = [tsc, '-p', project, '--pretty', 'false']
  const options = { cwd: consumer, timeout: COMPILE_MS }
  const { code, output } = await run(process.execPath, args, options)
  // Errors in the types of other packages are not ours.
  const errors = output
    .split('\n')
    .filter((line) => /^(src|node_modules\/sse-stream-kit)\//.test(line))
  if (errors.length > 0) return errors
  return code === 0 || /error TS/.test(output) ? [] : [tail(output)]
}

const counts = { passed: 0, failed: 0 }
const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-types-'))
try {
  const tarball = values.tarball ?? (await packProject(root, join(folder, 'packed')))
  const consumers = new Map<string, string>()
  for (const types of NODE_TYPES) consumers.set(types, await makeConsumer(folder, tarball, types))
  const waiting = combinations(values.all)
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { typescript, types, resolution, lib } = next
      const errors = await compile(consumers.get(types) ?? '', next).catch((e) => [messageOf(e)])
      const title = `TypeScript ${typescript}, ${resolution.moduleResolution}, ${lib.join('+')}, @types/node ${types}`
      process.stdout.write(`${title}: ${errors.length === 0 ? 'ok' : `\n${errors.join('\n')}`}\n`)
      counts[errors.length === 0 ? 'passed' : 'failed']++
    }
  }
  await Promise.all([work(), work()])
} catch (error) {
  counts.failed++
  process.stdout.write(`${messageOf(error)}\n`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
if (values.results !== undefined) await writeFile(values.results, JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
