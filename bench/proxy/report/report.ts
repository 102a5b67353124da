import type { BenchOptions } from '../bench-options.ts'
import type { BenchResults } from '../bench-results.ts'
import { type Machine, machineLine } from './machine-line.ts'
import { firstByteTables, requestTables } from './request-tables.ts'
import { steadyTables } from './steady-tables.ts'
import { streamTables } from './stream-tables.ts'
import { tapCostLines } from './tap-cost-lines.ts'
import { targetLines } from './targets.ts'

/** The whole result as Markdown. */
export function report(results: BenchResults, options: BenchOptions, machine: Machine): string {
  const { events, requestCount, problems } = results
  const compared = [
    ...(events > 0 ? [`${events} events`] : []),
    ...(requestCount > 0 ? [`${requestCount} responses to short requests`] : []),
  ]
  const lost = problems.map((problem) => `- ${problem}`).join('\n')
  return [
    machineLine(options, machine),
    ...steadyTables(results, options),
    ...requestTables(results, options),
    ...firstByteTables(results, options),
    ...streamTables(results),
    ...(lost === '' ? [] : [`Failed:\n${lost}`]),
    ...(lost === '' && compared.length > 0
      ? [`Compared byte for byte: ${compared.join(', ')}. Lost: 0.`]
      : []),
    [...targetLines(results), ...tapCostLines(results)].join('\n'),
  ].join('\n\n')
}
