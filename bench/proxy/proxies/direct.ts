import type { UpstreamChild } from '../upstream/upstream-child.ts'
import { DIRECT } from './names.ts'
import type { RunningProxy } from './running-proxy.ts'

/** No proxy at all, for the times of a connection to the upstream itself. */
export function direct({ port }: UpstreamChild): RunningProxy {
  const usage = async () => ({ cpuMicroseconds: 0, rssBytes: 0 })
  return { name: DIRECT, port, pids: [], usage, usageCollected: usage, close: async () => {} }
}
