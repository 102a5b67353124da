// Runs the benchmark of the proxy: `npm run bench:proxy --`, with
//   --shape=steady   or requests (short ones), or memory (many streams)
//   --rounds=5 --streams=300 --every-ms=20 --window-ms=1500; for requests --rounds=9 --window-ms=250 --connections=20
//   --only=NAME      only the proxies whose names contain it; may be repeated
//   --node=PATH      runs the proxies on this Node; `--node=24` gets one from the registry
//   --cpu-prof=DIR   writes the CPU profiles of the proxies there
//   --api=chat       or anthropic: the API whose events are relayed
//   --write          puts the results into docs/performance.md
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { nodeBinary } from '../../test/support/packaging/cached-install.ts'
import { BenchChild } from './bench-child.ts'
import {
  CONTENDERS,
  FETCH_LOOP as FETCHED,
  OURS as PROXIED,
  OURS_RESILIENT as RESILIENT,
} from './contenders/all.ts'
import { quantile } from './figures.ts'
import { measure, type Round } from './measure.ts'
import { type MemoryFigures, measureIdle, memoryReport } from './memory-shape.ts'
import { PacedUpstream } from './paced-upstream.ts'
import { pin } from './pin.ts'
import { ProxyChild } from './proxy-child.ts'
import { requestsReport, requestsShape } from './requests-shape.ts'
import { tapCost } from './tap-cost.ts'
import type { UpstreamReport } from './upstream-process.ts'

const TARGETED = [PROXIED, RESILIENT]

const AT_MOST = 1.15
/** How much of the cost of an event dialect, verdict and usage may be, in percent. */
const TAP_AT_MOST = { chat: 5, anthropic: 10 }

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: 'steady' },
    only: { type: 'string', multiple: true, default: [''] },
    node: { type: 'string', default: process.execPath },
    connections: { type: 'string', default: '20' },
    rounds: { type: 'string' },
    streams: { type: 'string' },
    'every-ms': { type: 'string', default: '20' },
    'window-ms': { type: 'string' },
    api: { type: 'string', default: 'chat' },
    'cpu-prof': { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
const streams = Number(values.streams ?? (values.shape === 'memory' ? 1000 : 300))
const everyMs = Number(values['every-ms'])
const rounds = Number(values.rounds ?? (values.shape === 'requests' ? 9 : 5))
const windowMs = Number(values['window-ms'] ?? (values.shape === 'requests' ? 250 : 1500))
const api = values.api === 'anthropic' ? 'anthropic' : 'chat'
const profile = values['cpu-prof']
const execArgv =
  profile === undefined
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=200']

const node = /^\d+$/.test(values.node) ? await nodeBinary(values.node) : values.node
const names = [...CONTENDERS.keys()].filter((name) =>
  values.only.some((part) => name.includes(part)),
)
const results = new Map<string, Round[]>()
const start = (name: string, at: string): ProxyChild => new ProxyChild(name, at, { execArgv, node })

if (values.shape === 'requests') await runRequests()
else if (values.shape === 'memory') await runMemory()
else await runSteady()

async function runRequests(): Promise<void> {
  const upstream = new BenchChild<UpstreamReport>('upstream-process')
  const proxies = new Map<string, ProxyChild>()
  try {
    const origin = `http://127.0.0.1:${(await upstream.started).port}`
    for (const name of names) proxies.set(name, start(name, origin))
    for (const proxy of proxies.values()) await proxy.ready()
    pinAll([process.pid, upstream.pid], [...proxies.values()])
    const options = {
      rounds,
      connections: Number(values.connections),
      windowMs,
    }
    console.log(requestsReport(await requestsShape(proxies, upstream, options)))
  } finally {
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
    await upstream.close()
  }
}

async function runMemory(): Promise<void> {
  const upstream = new BenchChild<UpstreamReport>('upstream-process')
  const figures = new Map<string, MemoryFigures>()
  try {
    const origin = `http://127.0.0.1:${(await upstream.started).port}`
    for (const name of names) {
      process.stderr.write(`${streams} idle streams: ${name}\n`)
      const proxy = start(name, origin)
      try {
        await proxy.ready()
        pinAll([process.pid, upstream.pid], [proxy])
        figures.set(name, await measureIdle(proxy, upstream, streams))
      } finally {
        await proxy.close()
      }
    }
    console.log(memoryReport(figures))
  } finally {
    await upstream.close()
  }
}

function pinAll(generators: readonly number[], proxies: readonly ProxyChild[]): boolean {
  if (cpus().length < 2) return false
  const pinned = [...generators.map((pid) => pin(pid, 0)), ...proxies.map(({ pid }) => pin(pid, 1))]
  return !pinned.includes(false)
}

async function runSteady(): Promise<void> {
  const upstream = new PacedUpstream(everyMs, api)
  const origin = await upstream.listen()
  const proxies = new Map(names.map((name) => [name, start(name, origin)]))
  try {
    for (const proxy of proxies.values()) await proxy.ready()
    const isPinned = pinAll([process.pid], [...proxies.values()])
    for (const [name, proxy] of proxies) {
      process.stderr.write(`warming up: ${name}\n`)
      // Warm-up: until its code is compiled, a proxy is slower.
      await measure(proxy, upstream, { streams, windowMs: 1000 })
      results.set(name, [])
    }
    // In turns: a slowdown of the machine then affects all of them.
    for (let round = 0; round < rounds; round++) {
      for (const [name, proxy] of proxies) {
        process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`)
        results.get(name)?.push(await measure(proxy, upstream, { streams, windowMs }))
      }
    }
    report(isPinned)
  } finally {
    await Promise.all([...proxies.values()].map((proxy) => proxy.close()))
    upstream.close()
  }
}

function report(isPinned: boolean): void {
  const { version } = JSON.parse(readFileSync('node_modules/undici/package.json', 'utf8'))
  const lines = [
    `Measured on ${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, undici ${version}: ` +
      `${streams} streams, an event of about 180 bytes every ${everyMs} ms in each, median of ${rounds} rounds; ` +
      `the proxy ${isPinned ? 'on one core, all else on another' : 'not pinned to a core'}.`,
    '',
    '| | CPU us an event | from - to | x fetch loop | first byte p50, ms | p99, ms | resident, MB | events a chunk |',
    '|---|---|---|---|---|---|---|---|',
    ...[...results].map(([name, rounds]) => `| ${name} | ${figures(rounds).join(' | ')} |`),
    '',
  ]
  const events = [...results.values()].flat().reduce((sum, round) => sum + round.events, 0)
  lines.push(`All of the ${events} events arrived, byte for byte.`, '')
  for (const name of TARGETED.filter((targeted) => results.has(targeted))) {
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
