import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MUTATIONS, type Mutation } from './mutations.ts'

/** Where the tests are of the rows that begin with a letter. */
const TESTS: Record<string, string[]> = {
  L: ['test/faults/life-cycle', 'test/faults/leaks', 'test/faults/strict', 'test/faults/hosts'],
  M: ['test/faults/memory'],
  H: ['test/faults/heartbeat'],
  P: ['test/faults/http'],
  S: ['test/faults/routing'],
}

/**
 * Takes out one mechanism after the other, in a copy of the project, and runs the test of its row, which must
 * fail. Rows as arguments run those only. Ends with 1 if a test still passes, or cannot be run.
 */
const project = process.cwd()
const copy = await mkdtemp(join(tmpdir(), 'mutations-'))
for (const path of ['src', 'test', 'package.json', 'tsconfig.json']) {
  await cp(join(project, path), join(copy, path), { recursive: true })
}
await symlink(join(project, 'node_modules'), join(copy, 'node_modules'))

const wanted = new Set(process.argv.slice(2))
let problems = 0
for (const mutation of MUTATIONS) {
  if (wanted.size > 0 && !wanted.has(mutation.row)) continue
  const outcome = await outcomeOf(mutation)
  if (outcome !== 'fails, as it should') problems++
  process.stdout.write(`${mutation.row.padEnd(4)} ${outcome}\n`)
}
await rm(copy, { recursive: true })
process.exitCode = problems === 0 ? 0 : 1

async function outcomeOf({ row, edits }: Mutation): Promise<string> {
  const originals = new Map<string, string>()
  try {
    for (const [file, search, replace] of edits) {
      const path = join(copy, 'src', file)
      const text = await readFile(path, 'utf8')
      if (!originals.has(path)) originals.set(path, text)
      const count = text.split(search).length - 1
      if (count !== 1)
        return `CANNOT BE RUN: ${file} holds ${count} times ${JSON.stringify(search)}`
      await writeFile(
        path,
        text.replace(search, () => replace),
      )
    }
    const { exitCode, output, hasHung } = await runTest(row)
    if (hasHung)
      return 'DOES NOT END without its mechanism: look whether it loops, or the machine was busy'
    if (exitCode === 0) return 'PASSES without its mechanism'
    const failed = /"numFailedTests":([1-9]\d*)/.test(output)
    return failed || /Unhandled/.test(output)
      ? 'fails, as it should'
      : `CANNOT BE RUN: ${output.slice(-500)}`
  } finally {
    for (const [path, text] of originals) await writeFile(path, text)
  }
}

/** What loops without its mechanism never comes to a test's own limit. */
const RUN_MS = 120_000

interface TestRun {
  exitCode: number | null
  output: string
  hasHung: boolean
}

function runTest(row: string): Promise<TestRun> {
  const files = TESTS[row.charAt(0)] ?? []
  const args = ['run', '--config', 'test/vitest.config.ts', ...files]
  // What hangs without its mechanism need not hang long.
  const limits = ['--testTimeout=6000', '--hookTimeout=4000', '--teardownTimeout=2000']
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', ...args, ...limits, '--reporter=json', '-t', `(^| )${row} `],
    // A group of its own: ended alone, vitest would leave a worker that loops behind.
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
