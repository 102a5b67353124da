// Runs the benchmarks of the parts: `npm run bench --`, with
//   --node=PATH   on this Node instead of the current one; `--node=24` gets one from the registry; may be repeated
//   --write       puts the results into docs/performance.md
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeBinary } from '../test/support/packaging/cached-install.ts'
import { writePage } from './write-page.ts'

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    write: { type: 'boolean', default: false },
  },
})
const PACKAGES = ['eventsource-parser', 'openai', '@anthropic-ai/sdk', 'better-sse', 'tinybench']
const bundle = fileURLToPath(new URL('streams.bench.mjs', import.meta.url))

const versions = PACKAGES.map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return `${name} ${version}`
})
const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}`
const head = `Measured on ${machine}, with ${versions.join(', ')}.`
console.log(head)
const results: string[] = []
for (const asked of values.node) {
  const node = /^\d+$/.test(asked) ? await nodeBinary(asked) : asked
  const heading = `### Node ${run(node, ['--version']).trim().slice(1)}`
  console.log(`\n${heading}`)
  const output = run(node, ['--expose-gc', bundle]).trim()
  console.log(`\n${output}`)
  results.push(heading, output)
}
if (values.write) writePage('bench', [head, ...results].join('\n\n'))

function run(node: string, args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(node, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error) throw error
  if (status !== 0) throw new Error(`The bench failed on ${node}:\n${stdout}`)
  return stdout
}
