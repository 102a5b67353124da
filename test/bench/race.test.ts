import { expect, it } from 'vitest'
import { chatEvents } from '../../bench/chat-events.ts'
import { CONTENDERS } from '../../bench/contenders.ts'
import { race } from '../../bench/race.ts'

it('calls back at the start of each round', async () => {
  const rounds: number[] = []
  const onRound = (round: number): number => rounds.push(round)
  await race(CONTENDERS.slice(0, 1), chatEvents(10, 2), { rounds: 2, timeMs: 1, onRound })
  expect(rounds).toEqual([1, 2])
})
