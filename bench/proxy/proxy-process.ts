import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CONTENDERS } from './contenders.ts'

/** What a proxy's process says of itself: once when it listens, and whenever it is asked. */
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
// So that a profile is written, and nobody is left behind.
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
