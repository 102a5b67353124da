import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** A loopback port that refuses connections. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A URL whose server refuses connections. */
export async function refusingUrl(): Promise<string> {
  return `http://127.0.0.1:${await closedPort()}`
}
