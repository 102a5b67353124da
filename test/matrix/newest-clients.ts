import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { npmInstall } from '../support/packaging/cached-install.ts'
import { must, run } from '../support/packaging/run-command.ts'

/** The newest majors of the clients in `test/clients/`. Most of them do not load on Node 20. */
const CLIENTS: Readonly<Record<string, string>> = {
  '@ai-sdk/anthropic': '4',
  '@ai-sdk/google': '4',
  '@ai-sdk/openai': '4',
  '@ai-sdk/openai-compatible': '3',
  '@anthropic-ai/sdk': '1',
  '@google/genai': '3',
  '@microsoft/fetch-event-source': '2',
  ai: '7',
  eventsource: '5',
  openai: '7',
  'sse.js': '2',
}
const RUN_MS = 60_000

/** Runs the matrix of clients with their newest majors against the tarball, in a new folder. */
export async function runNewestClients(
  root: string,
  tarball: string,
  folder: string,
  node: string,
): Promise<{ passed: number; failed: number; output: string }> {
  await mkdir(folder)
  const dependencies = { ...CLIENTS, 'sse-stream-kit': tarball }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  await npmInstall([], folder, node)
  const script = join(folder, 'run-clients.mjs')
  const flags = ['--bundle', '--platform=node', '--format=esm', '--packages=external']
  // Without the paths of the project's tsconfig.json, which lead to the sources.
  flags.push('--tsconfig-raw={}', '--log-level=warning', `--outfile=${script}`)
  const esbuild = join(root, 'node_modules/esbuild/bin/esbuild')
  const bundled = run(esbuild, ['test/clients/run-clients.ts', ...flags], {
    cwd: root,
    timeout: RUN_MS,
  })
  await must('bundle the matrix of clients', bundled)
  const results = join(folder, 'counts.json')
  const args = [script, '--newest', '--results', results]
  const { output } = await run(node, args, { cwd: folder, timeout: RUN_MS, node })
  const counts = await readFile(results, 'utf8').catch(() => {
    throw new Error(`The matrix of clients did not finish:\n${output}`)
  })
  return { ...JSON.parse(counts), output }
}
