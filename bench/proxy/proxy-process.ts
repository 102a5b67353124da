import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CONTENDERS } from './contenders/all.ts'

/** Message of a proxy's process: once when it listens, and on every request for it. */
export interface ProxyReport {
  port: number
  /** User and system time of all its threads so far. */
  cpuMicroseconds: number
  rssBytes: number
  /** Heap and buffers in use; after a collection if one was asked for. */
  heapBytes: number
}

const [name = '', origin = ''] = process.argv.slice(2)
const load = CONTENDERS.get(name)
if (load === undefined) throw new Error(`There is no contender ${name}`)
const relay = await load()
const server = createServer(await relay(origin))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, report)
process.on('message', (asked) => {
  if (asked === 'collect') collect()
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

/** `--expose-gc` as an argument would change what the process is: it is measured without. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  // Twice: Node 24 frees the buffers of the first collection in the second one.
  gc()
  gc()
}
