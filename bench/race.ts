import { Bench } from 'tinybench'
import type { ChatStream } from './chat-events.ts'
import type { Contender } from './contenders.ts'

/** The CPU time each contender took for one event in each round, in microseconds. */
export type Times = ReadonlyMap<string, readonly number[]>

export interface RaceOptions {
  rounds: number
  /** For one contender in one round, in milliseconds. */
  timeMs: number
  /** Called when a round, counted from 1, begins. */
  onRound?: ((round: number) => void) | undefined
}

/**
 * Lets contenders carry the same stream, in turns: what slows the machine down for a while then hits all of
 * them, and a ratio of two within a round says more than either time.
 *
 * @throws Error if a contender delivers another number of events than there are
 */
export async function race(
  contenders: readonly Contender[],
  stream: ChatStream,
  { rounds, timeMs, onRound }: RaceOptions,
): Promise<Times> {
  const times = new Map(contenders.map(({ name }): [string, number[]] => [name, []]))
  for (let round = 0; round < rounds; round++) {
    onRound?.(round + 1)
    const bench = new Bench({
      now: cpuMs,
      time: timeMs,
      warmupTime: timeMs / 2,
      iterations: 5,
      throws: true,
    })
    // There and back: what one contender leaves behind, another one has to clear away.
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      let received: Received
      bench.add(
        contender.name,
        async () => {
          received = await readAll(contender.open(stream.chunks))
        },
        // Counted behind the clock's back, and not by code of the contender.
        { async: true, afterEach: () => assertEvents(contender, stream, received) },
      )
    }
    for (const task of await bench.run()) {
      if (task.result.state !== 'completed') throw new Error(`${task.name} did not complete`)
      times.get(task.name)?.push((task.result.latency.p50 * 1000) / stream.events)
    }
  }
  return times
}

/** The time this process has used, so that others on the machine do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** How many items came, and those of which the events are still to be counted. */
interface Received {
  items: number
  chunks: Uint8Array[]
}

async function readAll(readable: ReadableStream<unknown>): Promise<Received> {
  const received: Received = { items: 0, chunks: [] }
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return received
    received.items++
    if (value instanceof Uint8Array) received.chunks.push(value)
  }
}

function assertEvents(contender: Contender, { events }: ChatStream, received: Received): void {
  const count = contender.decodes ? received.items : countBlankLines(received.chunks)
  if (count !== events) {
    throw new Error(`${contender.name} delivered ${count} events, expected ${events}`)
  }
}

function countBlankLines(chunks: Uint8Array[]): number {
  const bytes = Buffer.concat(chunks)
  let count = 0
  for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) count++
  return count
}
