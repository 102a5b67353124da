import { toNodeHandler } from '../../node/to-node-handler.ts'
import type { ServeOptions, TestServer } from '../test-server.ts'
import { startServer } from './start-server.ts'

/** Starts a server that a fetch-style handler answers for. */
export async function serveHandler(
  handler: (request: Request) => Response | Promise<Response>,
  options: ServeOptions,
): Promise<TestServer> {
  const handle = toNodeHandler(handler)
  return await startServer(({ req, res }) => void handle(req, res), options)
}
