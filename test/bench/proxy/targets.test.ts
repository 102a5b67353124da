import { expect, it } from 'vitest'
import { BenchResults } from '../../../bench/proxy/bench-results.ts'
import { FETCH_LOOP, OURS } from '../../../bench/proxy/proxies/names.ts'
import { targetLines } from '../../../bench/proxy/report/targets.ts'
import { calmRounds } from '../../../bench/proxy/shapes/calm-rounds.ts'
import type { SteadyRound } from '../../../bench/proxy/shapes/steady.ts'

const busy = { proxy: 1, clients: 0, upstream: 0 }

it('states of each target that was measured whether it is reached, and how far the aim is', () => {
  const results = new BenchResults()
  const rounds = (...cpus: number[]) =>
    cpus.map((cpuPerRequest) => ({
      ...{ cpuPerRequest, requestsPerSecond: 1, requests: 1, reconnects: 0, busy },
    }))
  results.requests.POST.set(FETCH_LOOP, rounds(100, 200, 400))
  results.requests.POST.set(OURS, rounds(110, 180, 800))
  expect(targetLines(results)).toEqual([
    `- target CPU per POST request against ${FETCH_LOOP} <= 1.20 x: reached (1.10 x); aim 0.80 x: 0.30 x away`,
  ])
})

it('leaves out the cost of rounds in which events shared chunks, if there is a better one', () => {
  const round = (cpuPerEvent: number, eventsPerChunk: number): SteadyRound => ({
    ...{ cpuPerEvent, eventsPerChunk, events: 1, firstByteMs: [], busy },
  })
  const calm = calmRounds(
    new Map([
      ['a', [round(10, 1), round(3, 2)]],
      ['b', [round(4, 2)]],
    ]),
  )
  const costs = [...calm.values()].map((rounds) => rounds.map(({ cpuPerEvent }) => cpuPerEvent))
  expect(costs).toEqual([[10, Number.NaN], [4]])
})
