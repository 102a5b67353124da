import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './mutations.ts'
import { readSources } from './read-sources.ts'
import { SourceAnchors } from './source-anchors.ts'

/** The test files of the rows that begin with a letter. */
const TESTS: Record<string, string[]> = {
  L: ['test/faults/life-cycle', 'test/faults/leaks', 'test/faults/strict', 'test/faults/hosts'],
  M: ['test/faults/memory'],
  H: ['test/faults/heartbeat'],
  P: ['test/faults/http'],
  S: ['test/faults/routing'],
}

/** A mutation that makes the code loop never reaches a test's own time limit. */
const RUN_MS = 60_000

/**
 * Takes out one mechanism after the other, in a copy of the project, and runs the test of its row, which must fail.
 *
 * Rows as arguments run those only. `--budget 60` starts no mutation after 60 seconds, and begins with another one for
 * each commit. The exit code is 1 if a test passes without its mechanism, does not end, or cannot be run.
 */
const { values, positionals } = parseArgs({
  options: { budget: { type: 'string' } },
  allowPositionals: true,
})
const project = process.cwd()
const copy = await mkdtemp(join(tmpdir(), 'mutations-'))
for (const path of ['src', 'test', 'package.json', 'tsconfig.json']) {
  await cp(join(project, path), join(copy, path), { recursive: true })
}
await symlink(join(project, 'node_modules'), join(copy, 'node_modules'))
// Of the copy: the project may change meanwhile.
const sources = readSources(join(copy, 'src'))
const anchors = new SourceAnchors(sources)

const endAt = performance.now() + Number(values.budget ?? Infinity) * 1_000
const chosen = MUTATIONS.filter(({ row }) => positionals.length === 0 || positionals.includes(row))
const start = values.budget === undefined ? 0 : startOfCommit(chosen.length)
let problems = 0
let count = 0
for (const mutation of [...chosen.slice(start), ...chosen.slice(0, start)]) {
  if (performance.now() > endAt) break
  count++
  const problem = await problemOf(mutation)
  if (problem !== undefined) problems++
  const names = mutation.changes.map(({ anchor }) => anchor).join(', ')
  process.stdout.write(`${mutation.row.padEnd(4)} ${problem ?? 'fails, as it should'} (${names})\n`)
}
process.stdout.write(`${count} of ${MUTATIONS.length} mutations, ${problems} problems\n`)
await rm(copy, { recursive: true })
process.exitCode = problems === 0 && count > 0 ? 0 : 1

/** Another place for each commit, so that a few commits in a row run all mutations. */
function startOfCommit(length: number): number {
  const hash = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' })
  return Number.parseInt(hash.slice(0, 8), 16) % length
}

async function problemOf({ row, changes }: Mutation): Promise<string | undefined> {
  const changed = new Map<string, string>()
  try {
    for (const [path, text] of anchors.changed(changes)) changed.set(path, text)
  } catch (error) {
    return `CANNOT BE RUN: ${(error as Error).message}`
  }
  for (const [path, text] of changed) await writeFile(join(copy, 'src', path), text)
  const { exitCode, output, hasHung } = await runTest(row)
  for (const path of changed.keys()) {
    await writeFile(join(copy, 'src', path), sources.get(path) ?? '')
  }
  if (hasHung) return `DOES NOT END within ${RUN_MS} ms: the code loops, or the machine was busy`
  if (exitCode === 0) return 'PASSES without its mechanism'
  const hasFailed = /"numFailedTests":[1-9]/.test(output) || output.includes('Unhandled')
  return hasFailed ? undefined : `CANNOT BE RUN: ${output.slice(-500)}`
}

interface TestRun {
  exitCode: number | null
  output: string
  hasHung: boolean
}

function runTest(row: string): Promise<TestRun> {
  const files = TESTS[row.charAt(0)] ?? []
  const args = ['run', '--config', 'test/vitest.config.ts', ...files]
  // Shorter than usual: most of these tests fail by waiting for what never happens.
  const limits = ['--testTimeout=6000', '--hookTimeout=4000', '--teardownTimeout=2000']
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', ...args, ...limits, '--reporter=json', '-t', `(^| )${row} `],
    // A process group of its own: killed alone, vitest would leave a worker that loops behind.
    { cwd: copy, detached: true },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      output += text
    })
  }
  let hasHung = false
  const timer = setTimeout(() => {
    hasHung = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, RUN_MS)
  return new Promise((resolve) => {
    child.on('close', (exitCode) => {
      clearTimeout(timer)
      resolve({ exitCode, output, hasHung })
    })
  })
}
