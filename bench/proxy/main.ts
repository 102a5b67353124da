// Runs the benchmark of the proxy: `npm run bench:proxy --`, with
//   --full           with 100 to 5000 streams, all proxies and more rounds, in half an hour instead of a minute
//   --all            all proxies in the quick form
//   --shape=steady   or requests, or streams; or a part: saturation, at-once, memory, stalled, closes;
//                    may be repeated
//   --only=NAME      only the proxies whose names contain it; may be repeated
//   --node=PATH      runs the proxies on this Node; `--node=24` gets one from the registry
//   --rounds=3 --streams=300,1000 --every-ms=20 --window-ms=500 --connections=20
//   --api=chat       or anthropic: the API whose events are relayed
//   --cpu-prof=DIR   writes the CPU profiles of the proxies there
//   --write          puts the results into docs/performance.md, and the plot of a full run beside it
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { writePage } from '../write-page.ts'
import { benchOptions } from './bench-options.ts'
import { Cores } from './processes/cores.ts'
import { findServers, ProxyStarter } from './proxies/start-proxies.ts'
import { costPlot } from './report/cost-plot.ts'
import { report } from './report/report.ts'
import { BenchRun } from './run-bench.ts'
import { StreamBytes } from './upstream/stream-bytes.ts'
import { UpstreamChild } from './upstream/upstream-child.ts'

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const options = await benchOptions()
const nodeVersion = spawnSync(options.node, ['--version'], { encoding: 'utf8' })
  .stdout.trim()
  .slice(1)
const { versions, missing } = findServers(options)
for (const line of missing) process.stderr.write(`${line}\n`)
const upstream = new UpstreamChild(new StreamBytes(options.api))
try {
  await upstream.ready()
  const cores = new Cores()
  cores.pinGenerators([process.pid, upstream.pid])
  const starter = new ProxyStarter(options, versions, upstream, cores)
  const results = await new BenchRun(options, upstream, starter).run()
  const text = report(results, options, {
    nodeVersion,
    versions,
    isPinned: cores.isPinned,
    missing,
  })
  console.log(text)
  if (results.problems.length > 0) process.exitCode = 1
  else if (options.write) {
    const [major] = nodeVersion.split('.')
    writePage(`bench-proxy-node-${major}`, text)
    const plot = costPlot(results, nodeVersion)
    if (plot !== undefined) writeFileSync(`docs/proxy-cost-node-${major}.svg`, plot)
  }
} finally {
  await upstream.close()
}
