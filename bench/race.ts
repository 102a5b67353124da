import { Bench } from 'tinybench'

/** Something that handles the same events in each run. */
export interface Work {
  name: string
  /** Resolves with a function that counts the events which the run has handled, called outside the measured time. */
  run(): Promise<() => number>
}

/** CPU time of each work per event in each round, in microseconds. */
export type Times = ReadonlyMap<string, readonly number[]>

export interface RaceOptions {
  rounds: number
  /** Time per work and round, in milliseconds. */
  timeMs: number
  /** Called at the start of each round, counted from 1. */
  onRound?: ((round: number) => void) | undefined
}

/**
 * Runs works with the same number of events, in turns: a slowdown of the machine then affects all of them, and a ratio
 * within a round is more reliable than either time.
 *
 * @throws Error if a work handles another number of events
 */
export async function race(
  works: readonly Work[],
  events: number,
  { rounds, timeMs, onRound }: RaceOptions,
): Promise<Times> {
  const times = new Map(works.map(({ name }): [string, number[]] => [name, []]))
  for (let round = 0; round < rounds; round++) {
    onRound?.(round + 1)
    const bench = new Bench({
      now: cpuMs,
      time: timeMs,
      warmupTime: timeMs / 2,
      iterations: 5,
      throws: true,
    })
    // In both directions: the garbage of one work is collected during another.
    for (const { name, run } of round % 2 === 0 ? works : works.toReversed()) {
      let count: () => number
      const afterEach = (): void => {
        const handled = count()
        if (handled !== events) throw new Error(`${name} handled ${handled} of ${events} events`)
      }
      bench.add(
        name,
        async () => {
          count = await run()
        },
        { async: true, afterEach },
      )
    }
    for (const task of await bench.run()) {
      if (task.result.state !== 'completed') throw new Error(`${task.name} did not complete`)
      times.get(task.name)?.push((task.result.latency.p50 * 1000) / events)
    }
  }
  return times
}

/** Speed of a work relative to another: the median over the rounds of both. */
export function speedRatio(times: Times, name: string, baseline: string): number {
  const others = times.get(baseline) ?? []
  return median((times.get(name) ?? []).map((time, round) => (others[round] as number) / time))
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] as number
}

/** CPU time of this process, independent of others on the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
