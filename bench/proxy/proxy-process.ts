import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONTENDERS } from './contenders.ts'

/** Message of a proxy's process: once when it listens, and on every request for it. */
export interface ProxyReport {
  port: number
  cpuMicroseconds: number
  rssBytes: number
}

const [name = '', origin = ''] = process.argv.slice(2)
const listener = CONTENDERS.get(name)?.(origin)
if (listener === undefined) throw new Error(`There is no contender ${name}`)
const server = createServer(listener)
server.listen(0, '127.0.0.1', report)
process.on('message', report)
// So that a profile is written and no process remains.
process.on('disconnect', () => process.exit())

function report(): void {
  const { user, system } = process.cpuUsage()
  const { port } = server.address() as AddressInfo
  const said: ProxyReport = {
    port,
    cpuMicroseconds: user + system,
    rssBytes: process.memoryUsage.rss(),
  }
  process.send?.(said)
}
