// @ts-check
// Runs the benchmarks: `npm run bench`, with
//   --node=PATH   on this Node instead of the current one; may be repeated
//   --write       puts the results into docs/performance.md
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [process.execPath] },
    write: { type: 'boolean', default: false },
  },
})
const root = fileURLToPath(new URL('..', import.meta.url))
const outDir = mkdtempSync(join(tmpdir(), 'sse-stream-kit-bench-'))
const bundle = join(outDir, 'streams.bench.mjs')
process.chdir(root)

/** @param {string} name */
const versionOf = (name) =>
  `${name} ${JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version}`

/** @param {string} node */
function measure(node) {
  const heading = `### Node ${run(node, ['--version']).trim().slice(1)}`
  console.log(`\n${heading}`)
  const output = run(node, ['--expose-gc', bundle])
  console.log(output.trimEnd())
  return `${heading}\n${output.trimEnd()}`
}

/**
 * @param {string} node
 * @param {string[]} args
 */
function run(node, args) {
  const { status, stdout, error } = spawnSync(node, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error) throw error
  if (status !== 0) {
    process.exitCode = 1
    console.log(stdout)
    throw new Error(`The bench failed on ${node}`)
  }
  return stdout
}

try {
  // One file, because it runs in a folder without packages.
  await build({
    entryPoints: ['bench/streams.bench.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
  })
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}`
  const packages = ['eventsource-parser', 'tinybench'].map(versionOf).join(', ')
  const head = `Measured on ${machine}, with ${packages}.`
  console.log(head)
  const results = values.node.map(measure)
  if (values.write) {
    const file = 'docs/performance.md'
    const page = readFileSync(file, 'utf8')
    const marked = /(<!-- bench:start -->\n)[\s\S]*(\n<!-- bench:end -->)/
    if (!marked.test(page)) throw new Error(`${file} has no markers for the results`)
    const text = [head, ...results].join('\n\n')
    writeFileSync(
      file,
      page.replace(marked, (_, start, end) => `${start}${text}${end}`),
    )
  }
} finally {
  rmSync(outDir, { recursive: true })
}
