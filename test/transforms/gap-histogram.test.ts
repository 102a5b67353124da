import { describe, expect, it } from 'vitest'
import { GapHistogram } from '../../src/transforms/gap-histogram.ts'

/** All that a histogram counts. */
function countsOf(gaps: GapHistogram): [gapMs: number, count: number][] {
  const counts: [number, number][] = []
  gaps.forEach((gapMs, count) => {
    counts.push([gapMs, count])
  })
  return counts
}

describe('a gap histogram', () => {
  it.each([255, 256, 65_535, 65_536, 100_000])('counts a gap that occurs %i times', (times) => {
    const gaps = new GapHistogram()
    gaps.add(0.001)
    for (let time = 0; time < times; time++) gaps.add(0.005)
    expect(countsOf(gaps)).toEqual([
      [0.001, 1],
      [0.005, times],
    ])
    expect(gaps.count).toBe(times + 1)
    expect(gaps.quantile(0.5)).toBe(0.005)
  })

  it('is empty before the first gap', () => {
    expect(countsOf(new GapHistogram())).toEqual([])
  })
})
