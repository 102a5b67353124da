// Runs the benchmark of the proxy: `npm run bench:proxy --`, with
//   --rounds=4 --streams=300 --every-ms=20 --window-ms=1500
//   --cpu-prof=DIR   writes the CPU profiles of the proxies there
//   --api=chat       or anthropic: the API whose events are relayed
//   --write          puts the results into docs/performance.md
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { CONTENDERS, FETCHED, PROXIED, TARGETED } from './contenders.ts'
import { measure, type Round } from './measure.ts'
import { PacedUpstream } from './paced-upstream.ts'
import { ProxyChild } from './proxy-child.ts'
import { tapCost } from './tap-cost.ts'

const AT_MOST = 1.15
/** How much of the cost of an event dialect, verdict and usage may be, in percent. */
const TAP_AT_MOST = { chat: 5, anthropic: 10 }

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    streams: { type: 'string', default: '300' },
    'every-ms': { type: 'string', default: '20' },
    'window-ms': { type: 'string', default: '1500' },
    api: { type: 'string', default: 'chat' },
    'cpu-prof': { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const streams = Number(values.streams)
const everyMs = Number(values['every-ms'])
const windowMs = Number(values['window-ms'])
const api = values.api === 'anthropic' ? 'anthropic' : 'chat'
const profile = values['cpu-prof']
const execArgv =
  profile === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200']

const upstream = new PacedUpstream(everyMs, api)
const origin = await upstream.listen()
const proxies = new Map(
  [...CONTENDERS.keys()].map((name) => [name, new ProxyChild(name, origin, execArgv)]),
)
const results = new Map<string, Round[]>()
try {
  let isPinned = cpus().length > 1 && pin(process.pid, 0)
  for (const [name, proxy] of proxies) {
    await proxy.ready()
    isPinned &&= pin(proxy.pid, 1)
    process.stderr.write(`warming up: ${name}\n`)
    // Warm-up: until its code is compiled, a proxy is slower.
    await measure(proxy, upstream, { streams, windowMs: 1000 })
    results.set(name, [])
  }
  // In turns: a slowdown of the machine then affects all of them.
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, proxy] of proxies) {
      process.stderr.write(`round ${round + 1} of ${values.rounds}: ${name}\n`)
      results.get(name)?.push(await measure(proxy, upstream, { streams, windowMs }))
    }
  }
  report(isPinned)
} finally {
  await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
  upstream.close()
}

/** Pins a process to one core, if a tool for it exists. */
function pin(pid: number, core: number): boolean {
  const { status } = spawnSync('taskset', [
    '--all-tasks',
    '--pid',
    '--cpu-list',
    String(core),
    String(pid),
  ])
  return status === 0
}

function report(isPinned: boolean): void {
  const { version } = JSON.parse(readFileSync('node_modules/undici/package.json', 'utf8'))
  const lines = [
    `Measured on ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, undici ${version}: ` +
      `${streams} streams, an event of about 180 bytes every ${everyMs} ms in each, median of ${values.rounds} rounds; ` +
      `the proxy ${isPinned ? 'on one core, all else on another' : 'not pinned to a core'}.`,
    '',
    '| | CPU us an event | from - to | x fetch loop | first byte p50, ms | p99, ms | resident, MB | events a chunk |',
    '|---|---|---|---|---|---|---|---|',
    ...[...results].map(([name, rounds]) => `| ${name} | ${figures(rounds).join(' | ')} |`),
    '',
  ]
  const events = [...results.values()].flat().reduce((sum, round) => sum + round.events, 0)
  lines.push(`All of the ${events} events arrived, byte for byte.`, '')
  for (const name of TARGETED) {
    const value = ratio(results.get(name) ?? [])
    const verdict = value <= AT_MOST ? 'reached' : 'missed'
    lines.push(`- target ${name} <= ${AT_MOST} x ${FETCHED}: ${verdict} (${value.toFixed(2)})`)
  }
  const proxied = quantile(
    (results.get(PROXIED) ?? []).map(({ cpuPerEvent }) => cpuPerEvent),
    0.5,
  )
  for (const kind of ['chat', 'anthropic'] as const) {
    const cost = tapCost(kind)
    const percent = (100 * cost) / (proxied - cost)
    const verdict = percent <= TAP_AT_MOST[kind] ? 'reached' : 'missed'
    lines.push(
      `- target dialect, verdict and usage (${kind}) <= ${TAP_AT_MOST[kind]} % of an event: ${verdict} ` +
        `(${cost.toFixed(2)} us, ${percent.toFixed(1)} %)`,
    )
  }
  const text = lines.join('\n')
  console.log(text)
  if (!values.write) return
  const file = 'docs/performance.md'
  const page = readFileSync(file, 'utf8')
  const marked = /(<!-- bench-proxy:start -->\n)[\s\S]*(<!-- bench-proxy:end -->)/
  if (!marked.test(page)) throw new Error(`${file} has no markers for the results`)
  writeFileSync(
    file,
    page.replace(marked, (_, start, end) => `${start}${text}\n${end}`),
  )
}

function figures(rounds: readonly Round[]): string[] {
  const cpu = rounds.map(({ cpuPerEvent }) => cpuPerEvent)
  const firstByteMs = rounds.flatMap((round) => round.firstByteMs)
  return [
    quantile(cpu, 0.5).toFixed(1),
    `${Math.min(...cpu).toFixed(1)} - ${Math.max(...cpu).toFixed(1)}`,
    ratio(rounds).toFixed(2),
    quantile(firstByteMs, 0.5).toFixed(1),
    quantile(firstByteMs, 0.99).toFixed(1),
    (
      quantile(
        rounds.map(({ rssBytes }) => rssBytes),
        0.5,
      ) / 1e6
    ).toFixed(0),
    quantile(
      rounds.map(({ eventsPerChunk }) => eventsPerChunk),
      0.5,
    ).toFixed(2),
  ]
}

/** CPU time relative to the baseline: the median over the rounds of both. */
function ratio(rounds: readonly Round[]): number {
  const others = results.get(FETCHED) ?? []
  return quantile(
    rounds.map(({ cpuPerEvent }, round) => cpuPerEvent / (others[round] as Round).cpuPerEvent),
    0.5,
  )
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] as number
}
