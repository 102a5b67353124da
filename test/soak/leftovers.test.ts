import { expect, it } from 'vitest'
import { leftovers } from '../../bench/soak/leftovers.ts'
import { slope } from '../../bench/soak/slope.ts'

it('reports each new resource', () => {
  const before = ['PipeWrap', 'Timeout']
  expect(leftovers(before, ['Timeout', 'PipeWrap'])).toEqual([])
  expect(leftovers(before, ['PipeWrap', 'Timeout', 'Timeout', 'TCPSocketWrap'])).toEqual([
    'Timeout',
    'TCPSocketWrap',
  ])
})

it('fits a line to the heap', () => {
  const points = [0, 1, 2, 3].map((x) => ({ x: x * 100, y: 5_000 + x * 700 + (x % 2) }))
  expect(slope(points)).toBeCloseTo(7, 1)
  expect(slope([{ x: 1, y: 1 }])).toBe(0)
})
