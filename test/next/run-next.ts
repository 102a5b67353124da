// Tests the packed tarball in a Next application, built with `next build` and run with `next start`: what a client
// of its route handlers sees. `npm run test:next`. `--tarball FILE` uses that tarball. With
// `--results FILE` the counts are written to a file as JSON.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packProject } from '../support/packaging/pack-project.ts'
import { messageOf } from '../support/packaging/run-command.ts'
import { CHECKS, problemOf, type ScriptedUpstream, scriptedUpstream } from './checks.ts'
import { buildNextApp, makeNextApp, removeNextApp, startNextApp } from './next-app.ts'

const root = process.cwd()
const { values } = parseArgs({
  options: { results: { type: 'string' }, tarball: { type: 'string' } },
})
const counts = { passed: 0, failed: 0 }

function report(what: string, problem: string, startedAt: number): void {
  counts[problem === '' ? 'passed' : 'failed']++
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`${what}: ${problem === '' ? 'ok' : `FAILED: ${problem}`} (${seconds} s)\n`)
}

async function runApp(tarball: string, upstream: ScriptedUpstream): Promise<void> {
  const app = await makeNextApp(root, tarball, upstream.url)
  try {
    const builtAt = performance.now()
    await buildNextApp(app)
    report(`next build, Next ${app.version}`, '', builtAt)
    const server = await startNextApp(app)
    try {
      for (const [name, check] of Object.entries(CHECKS)) {
        const startedAt = performance.now()
        report(name, await problemOf(check, server.url, upstream), startedAt)
      }
    } finally {
      await server.stop()
    }
  } finally {
    await removeNextApp(app)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sse-stream-kit-next-'))
const upstream = await scriptedUpstream()
const startedAt = performance.now()
try {
  await runApp(values.tarball ?? (await packProject(root, join(folder, 'packed'))), upstream)
} catch (error) {
  report('the application builds and starts', messageOf(error), startedAt)
} finally {
  await upstream.close()
  await rm(folder, { recursive: true, force: true })
}
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`)
if (values.results !== undefined) await writeFile(values.results, JSON.stringify(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
