import { expect, it } from 'vitest'
import { chatEvents } from '../../bench/chat-events.ts'
import { CONTENDERS } from '../../bench/contenders.ts'
import { race } from '../../bench/race.ts'
import { readingWork } from '../../bench/reading-work.ts'

const stream = chatEvents(10, 2)
const works = CONTENDERS.slice(0, 1).map((contender) => readingWork(contender, stream))

it('calls back at the start of each round', async () => {
  const rounds: number[] = []
  const onRound = (round: number): number => rounds.push(round)
  await race(works, stream.events, { rounds: 2, timeMs: 1, onRound })
  expect(rounds).toEqual([1, 2])
})

it('fails if an event is missing', async () => {
  await expect(race(works, 11, { rounds: 1, timeMs: 1 })).rejects.toThrow('10 of 11 events')
})
