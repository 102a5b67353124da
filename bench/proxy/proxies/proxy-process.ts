import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NODE_PROXIES } from './node-proxies.ts'
import type { Usage } from './running-proxy.ts'

/** Message of a proxy's process: once when it listens, and on every question. */
export interface ProxyReport extends Usage {
  port: number
}

export interface ProxyQuestion {
  ask: 'usage' | 'collect'
}

const [name = '', origin = ''] = process.argv.slice(2)
const load = NODE_PROXIES.get(name)
if (load === undefined) throw new Error(`There is no proxy called ${name}`)
const relay = await load()
const server = createServer(await relay(origin))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, report)
process.on('message', ({ ask }: ProxyQuestion) => {
  if (ask === 'collect') collect()
  report()
})
// So that a profile is written and no process remains.
process.on('disconnect', () => process.exit())

function report(): void {
  const { user, system } = process.cpuUsage()
  const { port } = server.address() as AddressInfo
  const { rss, heapUsed, external } = process.memoryUsage()
  const said: ProxyReport = {
    port,
    cpuMicroseconds: user + system,
    rssBytes: rss,
    // `external` includes the array buffers.
    heapBytes: heapUsed + external,
  }
  process.send?.(said)
}

/** Without `--expose-gc` as an argument, so that the process is what a user starts. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  // Twice: Node 24 frees the buffers of the first collection in the second one.
  gc()
  gc()
}
