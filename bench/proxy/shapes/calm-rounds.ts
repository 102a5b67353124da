import type { Rounds } from '../bench-results.ts'
import type { SteadyRound } from './steady.ts'

/** More, and the machine was so busy that events of a stream arrived together. */
const MAX_EVENTS_A_CHUNK = 1.05

/**
 * Takes the cost of an event out of the rounds in which events shared chunks, since these cost less than events that
 * arrive one by one; a proxy without a better round keeps all of them.
 */
export function calmRounds(rounds: Rounds<SteadyRound>): Rounds<SteadyRound> {
  const isCalm = ({ eventsPerChunk }: SteadyRound): boolean => eventsPerChunk <= MAX_EVENTS_A_CHUNK
  return new Map(
    [...rounds].map(([name, all]): [string, SteadyRound[]] => [
      name,
      all.some(isCalm)
        ? all.map((round) => (isCalm(round) ? round : { ...round, cpuPerEvent: Number.NaN }))
        : all,
    ]),
  )
}
