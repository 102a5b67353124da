// Serves the subject with `Bun.serve`, `Deno.serve` or node:http, and prints the port.
import { subject } from './subject.mjs'

const [kind, settings] = process.argv.slice(2)
const handler = subject(JSON.parse(settings))
const ready = (port) => process.stdout.write(`${port}\n`)

if (kind === 'Bun.serve') {
  ready(
    globalThis.Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: handler }).port,
  )
} else if (kind === 'Deno.serve') {
  const onListen = ({ port }) => ready(port)
  globalThis.Deno.serve({ port: 0, hostname: '127.0.0.1', onListen }, handler)
} else {
  const { createServer } = await import('node:http')
  const { toNodeHandler } = await import('sse-stream-kit/node')
  const server = createServer(toNodeHandler(handler))
  server.listen(0, '127.0.0.1', () => ready(server.address().port))
}
