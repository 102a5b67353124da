// Tests the packed tarball on Node, Bun, Deno and workerd, each from its npm package.
// `npm run test:runtimes`, or with `-- --write` to update the table of docs/runtimes.md. Without it the run
// fails if a cell of that table differs from the result. With `--results FILE` the counts are
// written to a file as JSON.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packProject } from '../support/packaging/pack-project.ts'
import { runChecks } from './run-checks.ts'
import { installRuntimes, prepareProject, startServer, workerdServer } from './servers.ts'
import { readTable, writeTable } from './table.ts'
import { runtimesUpstream } from './upstream.ts'

const root = process.cwd()
const page = join(root, 'docs/runtimes.md')
const { values } = parseArgs({
  options: {
    results: { type: 'string' },
    write: { type: 'boolean' },
    verbose: { type: 'boolean' },
  },
})

const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-runtimes-'))
const upstream = await runtimesUpstream()
const seen = new Map<string, Map<string, string>>()
try {
  const binaries = await installRuntimes()
  await mkdir(join(folder, 'packed'))
  const project = join(folder, 'project')
  await prepareProject(root, project, await packProject(root, join(folder, 'packed'), ['--no-dts']))
  const { settings } = upstream
  const columns = [
    ['Node', () => startServer(process.execPath, [], 'node:http', project, settings)],
    ['Bun, `Bun.serve`', () => startServer(binaries.bun, [], 'Bun.serve', project, settings)],
    ['Bun, node:http', () => startServer(binaries.bun, [], 'node:http', project, settings)],
    [
      'Deno, `Deno.serve`',
      () => startServer(binaries.deno, ['run', '-A'], 'Deno.serve', project, settings),
    ],
    [
      'Deno, node:http',
      () => startServer(binaries.deno, ['run', '-A'], 'node:http', project, settings),
    ],
    ['workerd', () => workerdServer(binaries.workerd, project, settings)],
  ] as const
  for (const [column, start] of columns) {
    const server = await start()
    try {
      seen.set(column, await runChecks(server.url, settings.upstream))
    } finally {
      await server.stop()
    }
  }
} finally {
  upstream.close()
  await rm(folder, { recursive: true, force: true })
}

const text = await readFile(page, 'utf8')
if (values.write) await writeFile(page, writeTable(text, seen))
const wanted = readTable(values.write ? writeTable(text, seen) : text)
let passed = 0
let failed = 0
for (const [column, checks] of seen) {
  for (const [check, problem] of checks) {
    const saysYes = wanted.get(column)?.get(check) === 'yes'
    const isYes = problem === ''
    if (saysYes === isYes) passed++
    else failed++
    if (saysYes !== isYes || (values.verbose && !isYes)) {
      process.stdout.write(
        `${column}, ${check}: ${isYes ? 'works, and the page says no' : problem}\n`,
      )
    }
  }
}
process.stdout.write(`${passed} cells as docs/runtimes.md has them, ${failed} not\n`)
if (values.results !== undefined)
  await writeFile(values.results, JSON.stringify({ passed, failed }))
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
