import type { AtOnceRound } from './shapes/all-at-once.ts'
import type { ClosesFigures } from './shapes/closes.ts'
import type { MemoryFigures } from './shapes/memory.ts'
import type { RequestsRound } from './shapes/requests.ts'
import type { SaturationRound } from './shapes/saturation.ts'
import type { StalledFigures } from './shapes/stalled.ts'
import type { SteadyRound } from './shapes/steady.ts'

/** The rounds of each proxy, by its name. */
export type Rounds<T> = Map<string, T[]>

/** All that was measured; what was not asked for is empty. */
export class BenchResults {
  /** By the number of streams. */
  readonly steady: Map<number, Rounds<SteadyRound>> = new Map()
  saturation: Rounds<SaturationRound> = new Map()
  readonly requests: Record<'GET' | 'POST', Rounds<RequestsRound>> = {
    GET: new Map(),
    POST: new Map(),
  }
  atOnce: Rounds<AtOnceRound> = new Map()
  /** By the number of streams. */
  readonly memory: Map<number, Rounds<MemoryFigures>> = new Map()
  stalled: Rounds<StalledFigures> = new Map()
  closes: Rounds<ClosesFigures> = new Map()
  /** What went wrong: each fails the run. */
  readonly problems: string[] = []

  /** Events that arrived, each of them compared byte for byte. */
  get events(): number {
    const sum = (all: Rounds<{ events: number }>): number =>
      [...all.values()].flat().reduce((total, { events }) => total + events, 0)
    return [this.saturation, this.atOnce, ...this.steady.values(), ...this.memory.values()].reduce(
      (total, rounds) => total + sum(rounds),
      0,
    )
  }

  /** Short requests that got the right response. */
  get requestCount(): number {
    return [this.requests.GET, this.requests.POST]
      .flatMap((rounds) => [...rounds.values()].flat())
      .reduce((total, { requests }) => total + requests, 0)
  }
}
