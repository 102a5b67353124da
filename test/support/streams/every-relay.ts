import { relay } from 'sse-stream-kit/streams'
import { relaySource } from '../../../src/pipeline/relay-source.ts'

/** `relay`, and the same for a reader of this package: the part of a stream that both have, typed as a stream. */
export const EVERY_RELAY: [name: string, start: typeof relay][] = [
  ['relay', relay],
  ['relaySource', relaySource as unknown as typeof relay],
]
