// Runs thousands of streams with faults through the proxy: `npm run soak --`, with
//   --streams=10000 --seconds=600 --seed=N --lanes=64
//   --ci             a run of less than a minute
//   --write          puts the figures into docs/reliability.md
//   --sabotage=KIND  injects a fault, to prove that it is found: see sabotage.ts
// Node runs it with --no-opt: code that is compiled during the soak would count as heap growth.
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { figures } from './figures.ts'
import { SABOTAGES, type SabotageKind } from './sabotage.ts'
import { soak } from './soak.ts'

const { values } = parseArgs({
  options: {
    streams: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    lanes: { type: 'string', default: '64' },
    ci: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    sabotage: { type: 'string' },
  },
})
const streams = Number(values.streams ?? (values.ci ? 1_600 : 10_000))
const seconds = Number(values.seconds ?? (values.ci ? 40 : 600))
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const command = `npm run soak -- --streams=${streams} --seconds=${seconds} --seed=${seed} --lanes=${values.lanes}`
console.log(command)

const report = await soak({
  streams,
  seconds,
  seed,
  lanes: Number(values.lanes),
  sabotage: sabotageKind(values.sabotage),
  onRound: (done, heapBytes) => {
    console.log(`${done} streams, heap ${(heapBytes / 1e6).toFixed(2)} MB`)
  },
})
const machine = `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${process.platform} ${process.arch}`
const text = `\`${command}\`, on ${machine}:\n\n${figures(report)}`
console.log(`\n${text}\n`)
for (const breach of report.breaches) console.log(`BREACH ${breach}`)
console.log(report.breaches.length === 0 ? 'Nothing lost, nothing left over' : `Seed ${seed}`)
if (report.breaches.length > 0) process.exitCode = 1
else if (values.write) write(text)

function sabotageKind(name: string | undefined): SabotageKind | undefined {
  const kind = SABOTAGES.find((known) => known === name)
  if (name !== undefined && kind === undefined) {
    throw new Error(`--sabotage must be one of ${SABOTAGES.join(', ')}: got ${name}`)
  }
  return kind
}

function write(text: string): void {
  const file = 'docs/reliability.md'
  const page = readFileSync(file, 'utf8')
  const marked = /(<!-- soak:start -->\n)[\s\S]*(<!-- soak:end -->)/
  if (!marked.test(page)) throw new Error(`${file} has no markers for the figures`)
  writeFileSync(
    file,
    page.replace(marked, (_, start, end) => `${start}\n${text}\n\n${end}`),
  )
}
