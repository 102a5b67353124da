import type { HeaderChanges } from '../http/header-changes.ts'
import type { Transport } from '../transport/transport.ts'
import type { CallPolicy } from './circuit-breaker.ts'
import type { Timeouts } from './timeouts.ts'

/** One upstream with everything that is needed to send a request to it. */
export interface UpstreamTarget {
  /** Its place in the list of upstreams. */
  readonly index: number
  readonly base: URL
  /** Its own, in addition to those of the proxy. */
  readonly headers: HeaderChanges
  readonly transport: Transport
  readonly timeouts: Timeouts
  readonly policy: CallPolicy | undefined
}
