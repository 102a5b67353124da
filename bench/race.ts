import { Bench } from 'tinybench'
import type { ChatStream } from './chat-events.ts'
import type { Contender } from './contenders.ts'

/** CPU time of each contender per event in each round, in microseconds. */
export type Times = ReadonlyMap<string, readonly number[]>

export interface RaceOptions {
  rounds: number
  /** Time per contender and round, in milliseconds. */
  timeMs: number
  /** Called at the start of each round, counted from 1. */
  onRound?: ((round: number) => void) | undefined
}

/**
 * Runs contenders on the same stream, in turns: a slowdown of the machine then affects all of
 * them, and a ratio within a round is more reliable than either time.
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
    // In both directions: the garbage of one contender is collected during another.
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      let received: Received
      bench.add(
        contender.name,
        async () => {
          received = await readAll(contender.open(stream.chunks))
        },
        // Counted outside the measured time, and not by the contender.
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

/** CPU time of this process, independent of others on the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Number of items, and those whose events are not counted yet. */
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
