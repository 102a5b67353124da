import type { BenchResults } from '../bench-results.ts'
import { OURS } from '../proxies/names.ts'
import { tapCost } from '../shapes/tap-cost.ts'
import { median, valuesOf } from './figures.ts'
import { referenceStreams } from './steady-tables.ts'

/** How much of the cost of an event dialect, verdict and usage may be, in percent. */
const AT_MOST = { chat: 5, anthropic: 10 }

/** What dialect, verdict and usage cost, measured on their own, as a share of what the proxy costs. */
export function tapCostLines({ steady }: BenchResults): string[] {
  const rounds = steady.get(referenceStreams(steady.keys()))
  const whole = median(valuesOf(rounds, OURS, (round) => round.cpuPerEvent))
  if (Number.isNaN(whole)) return []
  return (['chat', 'anthropic'] as const).map((api) => {
    const cost = tapCost(api)
    const percent = (100 * cost) / (whole - cost)
    const verdict = percent <= AT_MOST[api] ? 'reached' : 'missed'
    const value = `${cost.toFixed(2)} us, ${percent.toFixed(1)} %`
    return `- target dialect, verdict and usage (${api}) <= ${AT_MOST[api]} % of an event: ${verdict} (${value})`
  })
}
